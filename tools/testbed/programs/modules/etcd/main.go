// SPDX-License-Identifier: Apache-2.0

// Command etcd is the server without the repository's root module, whose replace lines forbid installing it.
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() { etcdmain.Main(os.Args) }
