// SPDX-License-Identifier: Apache-2.0
// One JSON object per line, as docs/logging.md has it. Copy this file; `logger('orders').info({ orderId: 7 }, 'paid')`.

import { isSpanContextValid, trace } from '@opentelemetry/api';
import { AsyncLocalStorage } from 'node:async_hooks';
import { type DestinationStream, type Logger, type LoggerOptions, pino } from 'pino';

export type Ids = { trace_id: string; span_id: string; request_id: string; correlation_id: string; trace_id_?: string };

export const currentIds = new AsyncLocalStorage<Ids>();

const LEVELS: Record<string, string> = { trace: 'debug', warn: 'warning', fatal: 'critical' };
const OURS = new Set(['timestamp', 'level', 'service', 'logger', 'message', 'trace_id', 'span_id']);
const SECRET = /(password|secret|token|authorization|api_key|cookie)$/;

/** The ids of the moment: OpenTelemetry's where there is a span, and those of the request. */
function ids(): Partial<Ids> {
  const span = trace.getActiveSpan()?.spanContext();
  const ours = span && isSpanContextValid(span) ? { trace_id: span.traceId, span_id: span.spanId } : {};
  return { ...currentIds.getStore(), ...ours };
}

function snakeCase(name: string): string {
  const flat = name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').replace(/[^A-Za-z0-9_]/g, '_').toLowerCase();
  return /^[0-9]/.test(flat) || flat === '' ? `_${flat}` : flat;
}

/** Fields by the contract's names, without secrets; an error is `error` and `exception`. */
function fields(given: Record<string, unknown>): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(given)) {
    const key = snakeCase(name);
    if (value instanceof Error) {
      found.error = `${value.name}: ${value.message}`;
      found.exception = (value.stack ?? '').slice(0, 8192);
    } else {
      found[OURS.has(key) ? `${key}_` : key] = SECRET.test(key) ? '[REDACTED]' : value;
    }
  }
  return found;
}

/** UTC with microseconds, of which JavaScript's clock has the first three digits. */
const timestamp = (): string => `,"timestamp":"${new Date().toISOString().slice(0, -1)}000Z"`;

const options: LoggerOptions = {
  level: (process.env.LOG_LEVEL ?? 'info').toLowerCase().replace('warning', 'warn').replace('critical', 'fatal'),
  messageKey: 'message',
  base: { service: process.env.OTEL_SERVICE_NAME ?? process.env.SERVICE_NAME ?? 'frontend' },
  timestamp,
  formatters: { level: (label) => ({ level: LEVELS[label] ?? label }) },
  hooks: {
    // All of it happens here, since pino's formatter of fields sees ids, fields and errors mixed, and no message is no key.
    logMethod(args, method) {
      const [first, ...rest] = args as [unknown, ...unknown[]];
      const isFields = typeof first === 'object' && first !== null;
      const own = first instanceof Error ? { err: first } : isFields ? (first as Record<string, unknown>) : {};
      const message = isFields ? (rest.length ? rest : [first instanceof Error ? first.message : '']) : args;
      method.apply(this, [{ ...ids(), ...fields(own) }, ...message] as unknown as Parameters<typeof method>);
    },
  },
};

/** A logger of one part of the service. */
export function logger(name: string, destination?: DestinationStream): Logger {
  return (destination ? pino(options, destination) : pino(options)).child({ logger: name });
}
