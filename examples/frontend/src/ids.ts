// SPDX-License-Identifier: Apache-2.0
// The ids of a request: the caller's where they are harmless, minted otherwise; echoed, and sent on with every call.

import { randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { currentIds, type Ids } from './logger.js';

const HARMLESS = /^[A-Za-z0-9._:/+=-]{1,128}$/;
const TRACE_ID = /^(?!0{32})[0-9a-f]{32}$/;
const PARENT = /^00-((?!0{32})[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

const harmless = (value: unknown): string | undefined =>
  typeof value === 'string' && HARMLESS.test(value) ? value : undefined;

/** Read the ids of a request. `traceparent` wins over `x-trace-id`, which is the correlation id if it is no trace id. */
export function idsOf(headers: IncomingHttpHeaders): Ids {
  const given = harmless(headers['x-trace-id']);
  const traced = TRACE_ID.test(given?.toLowerCase() ?? '') ? given?.toLowerCase() : undefined;
  const traceId = PARENT.exec(String(headers.traceparent))?.[1] ?? traced ?? randomBytes(16).toString('hex');
  const opaque = given?.toLowerCase() === traceId ? undefined : given;
  return {
    trace_id: traceId,
    span_id: randomBytes(8).toString('hex'),
    request_id: harmless(headers['x-request-id']) ?? traceId,
    correlation_id: harmless(headers['x-correlation-id']) ?? opaque ?? traceId,
  };
}

/** The headers of the response, and of every call made while the request is served. */
export const headersOf = (ids: Ids): Record<string, string> => ({
  'x-trace-id': ids.trace_id,
  'x-request-id': ids.request_id,
  'x-correlation-id': ids.correlation_id,
});

/** `fetch`, with the ids of the request that is being served: for services of one's own. */
export function fetchInside(url: string, init: RequestInit = {}): Promise<Response> {
  const ids = currentIds.getStore();
  const ours = ids ? { traceparent: `00-${ids.trace_id}-${ids.span_id}-01`, ...headersOf(ids) } : {};
  return fetch(url, { ...init, headers: { ...ours, ...(init.headers as Record<string, string> | undefined) } });
}
