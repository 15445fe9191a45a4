// Metrics through the real thread: what was counted is what a scraper reads, and labels stay bounded.

import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { type Metrics, startMetrics } from '../../../src/telemetry/metrics.ts';
import type { Gauges } from '../../../src/telemetry/metrics-message.ts';

const running: Metrics[] = [];
afterEach(async () => {
  for (const metrics of running.splice(0)) await metrics.close();
});

const NOTHING: Gauges = {
  keySetAges: new Map(),
  catalogRevision: 0,
  catalogStructureRevision: 0,
  pairsWithoutAudience: 0,
  outboundFlights: 0,
  waitingChecks: 0,
  redisUp: undefined,
  revocationsWaiting: 0,
  sync: { ageSeconds: 3, sequence: 7, lag: undefined, loadedRows: 0, followers: 2 },
  workers: undefined,
};

function start(gauges: () => Gauges = () => NOTHING, droppedLogLines = () => 0): Metrics {
  const metrics = startMetrics({
    version: '1.2.3',
    gauges,
    droppedLogLines,
    onFailure: (error) => {
      throw error;
    },
  });
  running.push(metrics);
  return metrics;
}

function holdUp(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

function loopDelayIn(text: string): number {
  return Number(/^gatehouse_event_loop_delay_max_seconds (\S+)$/m.exec(text)?.[1]);
}

describe('a scrape', () => {
  test('has at most 200 values of a label, whatever is counted', async () => {
    const metrics = start(() => ({ ...NOTHING, outboundFlights: 3, waitingChecks: 2 }));
    for (let n = 0; n < 1_000; n++)
      metrics.count('gatehouse_outbound_requests_total', { key_manager: `km-${n}`, result: `problem_${n}` }, 2);
    const text = await metrics.scrape();
    const lines = text.split('\n').filter((line) => line.startsWith('gatehouse_outbound_requests_total{'));
    expect(lines).toHaveLength(201);
    expect(lines).toContain('gatehouse_outbound_requests_total{key_manager="other",result="other"} 1600');
    expect(text).toContain('gatehouse_outbound_flights 3');
    expect(text).toContain('gatehouse_waiting_checks 2');
  });

  test('has every count up to the moment it is asked for', async () => {
    const metrics = start();
    metrics.decision('allow', 'allowed', 'pizza', 0.0002);
    metrics.decision('allow', 'allowed', 'pizza', 0.002);
    metrics.decision('deny', 'api_not_found', undefined, 0.0001);
    metrics.count('gatehouse_key_set_fetches_total', { key_manager: 'Okta', result: 'ok' });
    metrics.defect();
    const text = await metrics.scrape();
    expect(text).toContain('gatehouse_decisions_total{outcome="allow",reason="allowed",api="pizza"} 2');
    expect(text).toContain('gatehouse_decisions_total{outcome="deny",reason="api_not_found",api=""} 1');
    expect(text).toContain('gatehouse_key_set_fetches_total{key_manager="Okta",result="ok"} 1');
    expect(text).toContain('gatehouse_defects_total 1');
    expect(text).toContain('gatehouse_decision_duration_seconds_count 3');
    expect(text).toContain('gatehouse_decision_duration_seconds_bucket{le="0.0001"} 1');
    expect(text).toContain('gatehouse_build_info{version="1.2.3",nodejs="v');
    expect(text).toMatch(/^gatehouse_event_loop_delay_max_seconds [0-9.e-]+$/m);
    expect(text).toMatch(/^process_cpu_seconds_total [0-9.e-]+$/m);
    expect(text).toMatch(/^process_resident_memory_bytes [1-9]/m);
  });

  test('counts nothing twice', async () => {
    const metrics = start();
    metrics.decision('allow', 'allowed', 'pizza', 0.1);
    await metrics.scrape();
    metrics.decision('allow', 'allowed', 'pizza', 0.1);
    const text = await metrics.scrape();
    expect(text).toContain('gatehouse_decisions_total{outcome="allow",reason="allowed",api="pizza"} 2');
    expect(text).toContain('gatehouse_decision_duration_seconds_count 2');
  });

  test('has the state of its own moment, and no key manager that is gone', async () => {
    let ages = new Map([
      ['Okta', 12],
      ['Gone', 5],
    ]);
    const metrics = start(() => ({ ...NOTHING, keySetAges: ages, catalogRevision: 42, pairsWithoutAudience: 3 }));
    expect(await metrics.scrape()).toContain('gatehouse_key_set_age_seconds{key_manager="Gone"} 5');
    ages = new Map([['Okta', 13]]);
    const text = await metrics.scrape();
    expect(text).toContain('gatehouse_key_set_age_seconds{key_manager="Okta"} 13');
    expect(text).not.toContain('Gone');
    expect(text).toContain('gatehouse_catalog_revision 42');
    expect(text).toContain('gatehouse_pairs_without_audience 3');
  });

  test('tells whether Redis is in use, and nothing of it where there is none', async () => {
    let redisUp: boolean | undefined = true;
    const metrics = start(() => ({ ...NOTHING, redisUp }));
    expect(await metrics.scrape()).toMatch(/^gatehouse_redis_up 1$/m);
    redisUp = false;
    expect(await metrics.scrape()).toMatch(/^gatehouse_redis_up 0$/m);
    redisUp = undefined;
    expect(await metrics.scrape()).not.toMatch(/^gatehouse_redis_up /m);
  });

  test('tells how many log lines were dropped', async () => {
    let dropped = 2;
    const metrics = start(undefined, () => dropped);
    await metrics.scrape();
    dropped = 5;
    expect(await metrics.scrape()).toContain('gatehouse_log_lines_dropped_total 5');
  });

  test('leaves out a gauge whose value cannot be had, and is answered again', async () => {
    let revision: unknown = 'not a number';
    const metrics = start(() => ({ ...NOTHING, catalogRevision: revision as number, pairsWithoutAudience: 3 }));
    metrics.decision('allow', 'allowed', 'pizza', 0.001);
    const text = await metrics.scrape();
    expect(text).not.toMatch(/^gatehouse_catalog_revision /m);
    expect(text).toContain('gatehouse_pairs_without_audience 3');
    expect(text).toContain('gatehouse_decision_duration_seconds_count 1');
    revision = 42;
    expect(await metrics.scrape()).toContain('gatehouse_catalog_revision 42');
  });

  test('loses no duration when more come than one message holds', async () => {
    const metrics = start();
    for (let index = 0; index < 70_000; index += 1) metrics.decision('allow', 'allowed', 'pizza', 0.001);
    expect(await metrics.scrape()).toContain('gatehouse_decision_duration_seconds_count 70000');
  });

  test('tells of a hold-up of the event loop, be it asked for in the same turn, in the next one or later', async () => {
    const turns = [() => undefined, () => new Promise(setImmediate), () => sleep(20)];
    for (const turn of turns) {
      const metrics = start();
      await sleep(20);
      await metrics.scrape();
      holdUp(300);
      await turn();
      expect(loopDelayIn(await metrics.scrape())).toBeGreaterThanOrEqual(0.25);
    }
  });

  test('tells in full of a hold-up in whose midst it was asked for', async () => {
    const metrics = start();
    holdUp(150);
    const early = metrics.scrape();
    holdUp(150);
    await early;
    await sleep(20);
    expect(loopDelayIn(await metrics.scrape())).toBeGreaterThanOrEqual(0.25);
  });

  test('fails, and does not hang, when the thread has ended', async () => {
    const metrics = start();
    const late = metrics.scrape().catch((error: Error) => error.message);
    await metrics.close();
    await late;
    await expect(metrics.scrape()).rejects.toThrow('has ended');
    expect(() => metrics.decision('allow', 'allowed', 'pizza', 0.1)).not.toThrow();
  });
});

describe('labels', () => {
  test('no API label on durations', async () => {
    const metrics = start();
    metrics.decision('allow', 'allowed', 'pizza', 0.001);
    const lines = (await metrics.scrape())
      .split('\n')
      .filter((line) => /^gatehouse_decision_duration_\w+[{ ]/.test(line));
    const labels = lines.flatMap((line) => [...line.matchAll(/(\w+)="/g)].map((match) => match[1]));
    expect(lines.length).toBeGreaterThan(2);
    expect(new Set(labels)).toEqual(new Set(['le']));
  });

  test('of HTTP statuses that a key manager answers with are classes', async () => {
    const metrics = start();
    for (let status = 100; status < 1000; status += 1)
      metrics.count('gatehouse_key_set_fetches_total', { key_manager: 'Okta', result: `status_${status}` });
    metrics.count('gatehouse_key_set_fetches_total', { key_manager: 'Okta', result: 'timeout' });
    const lines = (await metrics.scrape()).split('\n').filter((line) => line.startsWith('gatehouse_key_set_fetches'));
    expect(lines).toHaveLength(10);
    expect(lines).toContain('gatehouse_key_set_fetches_total{key_manager="Okta",result="status_4xx"} 100');
    expect(lines).toContain('gatehouse_key_set_fetches_total{key_manager="Okta",result="timeout"} 1');
  });

  test('give the first 200 APIs and key managers a value of their own and the rest `other`', async () => {
    const ages = new Map(Array.from({ length: 250 }, (_, index) => [`km-${index}`, index]));
    const metrics = start(() => ({ ...NOTHING, keySetAges: ages }));
    for (let index = 0; index < 250; index += 1) metrics.decision('allow', 'allowed', `api-${index}`, 0.001);
    metrics.decision('allow', 'allowed', 'api-7', 0.001);
    const text = await metrics.scrape();
    expect(text).toContain('api="api-7"} 2');
    expect(text).toContain('api="other"} 50');
    expect(text).not.toContain('api="api-200"');
    // Of those that share a label the oldest is told: that is the one to look at.
    expect(text).toContain('gatehouse_key_set_age_seconds{key_manager="other"} 249');
  });
});
