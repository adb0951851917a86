// SPDX-License-Identifier: Apache-2.0
// The front of examples/chat: takes a message from a browser, asks chat_api for an answer.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fetchInside, headersOf, idsOf } from './ids.js';
import { currentIds, logger } from './logger.js';

const log = logger('frontend');
const access = logger('frontend.access');
const CHAT_URL = process.env.CHAT_URL ?? 'http://localhost:8000';
const ROUTE = /^\/rooms\/([A-Za-z0-9_-]{1,64})\/messages$/;

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}

async function answer(request: IncomingMessage, path: string): Promise<[number, string]> {
  const room = ROUTE.exec(path)?.[1];
  if (request.method !== 'POST' || room === undefined) return [404, '{"detail":"Not Found"}'];
  log.info({ room }, 'message received');
  const init = { method: 'POST', body: await bodyOf(request), headers: { 'content-type': 'application/json' } };
  const found = await fetchInside(`${CHAT_URL}/rooms/${room}/messages`, init);
  return [found.status, await found.text()];
}

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const started = performance.now();
  const path = (request.url ?? '/').split('?')[0] ?? '/';
  let result: [number, string] = [502, '{"detail":"chat_api does not answer"}'];
  try {
    result = await answer(request, path);
  } catch (error) {
    log.error(error, 'chat_api does not answer');
  }
  const ids = currentIds.getStore();
  response.writeHead(result[0], { 'content-type': 'application/json', ...(ids ? headersOf(ids) : {}) });
  response.end(result[1]);
  const level = result[0] >= 500 ? 'error' : result[0] >= 400 ? 'warn' : 'info';
  const route = ROUTE.test(path) ? { route: '/rooms/{room}/messages' } : {};
  const client = request.socket.remoteAddress ?? '';
  const event = { method: request.method, path, ...route, status_code: result[0], duration_ms: performance.now() - started };
  access[level]({ ...event, client }, `${request.method} ${route.route ?? path} ${result[0]}`);
}

/** Start the server; port 0 takes a free one. */
export function start(port: number): Promise<Server> {
  const server = createServer((request, response) => {
    void currentIds.run(idsOf(request.headers), () => serve(request, response));
  });
  return new Promise((resolve) => server.listen(port, '127.0.0.1', () => resolve(server)));
}

if (process.argv[1]?.endsWith('server.js')) {
  const server = await start(Number(process.env.PORT ?? 3000));
  log.info({ port: (server.address() as AddressInfo).port }, 'listening');
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => server.close(() => process.exit(0)));
}
