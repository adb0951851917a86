// The proxy does not serve this one, which nothing that is built here needs: `go list -m all` only wants to know that it is there.
module zenhack.net/go/util

go 1.26.0
