// SPDX-License-Identifier: Apache-2.0
// What the lines look like; that they keep the contract is checked by its schema (tests/adoption/test_languages.py).

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { idsOf } from '../src/ids.js';
import { currentIds, logger } from '../src/logger.js';

function lines(work: (log: ReturnType<typeof logger>) => void): Record<string, unknown>[] {
  const kept: string[] = [];
  work(logger('unit', { write: (line: string) => void kept.push(line) }));
  return kept.map((line) => JSON.parse(line) as Record<string, unknown>);
}

test('a line has what every line has', () => {
  const [line] = lines((log) => log.warn({ orderId: 7 }, 'paid %s', 'twice'));
  assert.equal(line?.level, 'warning');
  assert.equal(line?.logger, 'unit');
  assert.equal(line?.message, 'paid twice');
  assert.equal(line?.order_id, 7);
  assert.match(String(line?.timestamp), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
  assert.ok(!('trace_id' in (line ?? {})));
});

test('levels are the contract’s', () => {
  const found = lines((log) => (['info', 'warn', 'error', 'fatal'] as const).forEach((level) => log[level]('x')));
  assert.deepEqual(found.map((line) => line.level), ['info', 'warning', 'error', 'critical']);
});

test('names of the contract and secrets are kept apart, and no name comes twice', () => {
  const kept: string[] = [];
  logger('unit', { write: (line: string) => void kept.push(line) }).info({ level: 'mine', service: 'mine', apiKey: 'k' });
  const line = JSON.parse(kept[0] ?? '') as Record<string, unknown>;
  assert.deepEqual([line.level_, line.service_, line.api_key, line.message], ['mine', 'mine', '[REDACTED]', '']);
  assert.equal(kept[0]?.split('"level":').length, 2);
});

test('an error is its cause and its stack', () => {
  const found = lines((log) => {
    log.error(new TypeError('no'), 'failed');
    log.error({ err: new TypeError('no') }, 'failed');
    log.error(new TypeError('no'));
  });
  assert.deepEqual(found.map((line) => line.error), Array(3).fill('TypeError: no'));
  assert.deepEqual(found.map((line) => line.message), ['failed', 'failed', 'no']);
  assert.ok(found.every((line) => String(line.exception).startsWith('TypeError: no\n')));
});

test('the ids of a request are on its lines', () => {
  const ids = idsOf({ traceparent: `00-${'5e'.repeat(16)}-${'b7'.repeat(8)}-01`, 'x-request-id': 'rid-7' });
  const [line] = lines((log) => currentIds.run(ids, () => log.info('inside')));
  assert.equal(line?.trace_id, '5e'.repeat(16));
  assert.equal(line?.request_id, 'rid-7');
  assert.equal(line?.correlation_id, '5e'.repeat(16));
});

test('an x-trace-id is taken if it is a trace id, and is the correlation id otherwise', () => {
  assert.equal(idsOf({ 'x-trace-id': '5E'.repeat(16) }).trace_id, '5e'.repeat(16));
  const opaque = idsOf({ 'x-trace-id': 'front-trace-0001' });
  assert.match(opaque.trace_id, /^[0-9a-f]{32}$/);
  assert.deepEqual([opaque.correlation_id, opaque.request_id], ['front-trace-0001', opaque.trace_id]);
  const harmful = idsOf({ 'x-trace-id': 'a b', 'x-request-id': '\u001b[31m' });
  assert.deepEqual([harmful.correlation_id, harmful.request_id], [harmful.trace_id, harmful.trace_id]);
});
