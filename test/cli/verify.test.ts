import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { stripVTControlCharacters } from 'node:util';
import { describe, test } from 'node:test';
import { runVerification, verify } from '../../src/cli/verify.ts';
import { UsageError } from '../../src/cli/command.ts';
import type { Digest } from '../../src/registry/digest.ts';
import { ReportedWork } from '../../src/upkeep/reportedWork.ts';
import type {
  DamageFound,
  VerificationDone,
  VerificationEvent,
  VerificationProgress,
} from '../../src/upkeep/verification/verification.ts';
import { manualClock } from '../support/manualClock.ts';

const mebibyte = 1024 * 1024;
const digest = `sha256:${'a'.repeat(64)}` as Digest;
const totals = { totalBlobs: 1200, totalBytes: 100 * mebibyte, resumed: false };

function progress(share: number, changes: Partial<VerificationProgress> = {}): VerificationEvent {
  const blobs = share * totals.totalBlobs;
  const bytes = share * totals.totalBytes;
  return { kind: 'progress', blobs, bytes, damaged: 0, ...totals, ...changes };
}

const damage: DamageFound = {
  kind: 'damaged',
  digest,
  size: 3 * mebibyte,
  reason: 'its bytes hash to sha256:bb',
  quarantinedAs: '/data/v1/quarantine/a',
};

function done(damaged: number): VerificationDone {
  const { totalBlobs: blobs, totalBytes: bytes } = totals;
  return { kind: 'done', blobs, bytes, damaged, ...totals, seconds: 125 };
}

interface Shown {
  readonly code: number;
  readonly text: string;
}

interface Screen {
  readonly json?: boolean;
  readonly isTTY?: boolean;
  /** Milliseconds from one event to the next. */
  readonly step?: number;
}

/** What is shown of a verification with these events. */
async function shown(
  events: readonly VerificationEvent[],
  { json = false, isTTY = false, step = 1000 }: Screen = {},
): Promise<Shown> {
  const now = manualClock();
  const stdout = Object.assign(new PassThrough(), { isTTY, columns: 100, rows: 24 });
  const upkeep = {
    verify: () =>
      new ReportedWork<VerificationEvent>(async (report) => {
        for (const event of events) {
          now.advance(step);
          await report(event);
        }
      }),
  };
  const signals = new EventEmitter();
  const code = await runVerification(upkeep, {}, { signals, stdout, json, now });
  assert.deepEqual(signals.eventNames(), []);
  return { code, text: await text(stdout.end()) };
}

/** What is shown when this signal comes after the first event; `work` goes on after that. */
async function interrupted(
  signal: NodeJS.Signals,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<Shown> {
  const stdout = new PassThrough();
  const signals = new EventEmitter();
  const upkeep = {
    verify: () =>
      new ReportedWork<VerificationEvent>(async (report, stopped) => {
        await report(progress(0.5));
        signals.emit(signal);
        await work(stopped);
      }),
  };
  const screen = { signals, stdout, json: false, now: manualClock() };
  const code = await runVerification(upkeep, {}, screen);
  assert.deepEqual(signals.eventNames(), []);
  return { code, text: await text(stdout.end()) };
}

describe('verify', () => {
  test('ends with the totals and 0 when all is well', async () => {
    assert.deepEqual(await shown([progress(0), progress(0.5), done(0)]), {
      code: 0,
      text: 'verified 1,200 blobs (100 MiB) in 2m 5s: all are intact\n',
    });
  });

  test('shows each damaged blob in a line, and ends with 1', async () => {
    const lost = { ...damage, reason: 'ENOENT: no such file', quarantinedAs: null };
    assert.deepEqual(await shown([progress(0), damage, lost, done(2)]), {
      code: 1,
      text: [
        `damaged: ${digest} (3.0 MiB): its bytes hash to sha256:bb; moved to /data/v1/quarantine/a`,
        `damaged: ${digest} (3.0 MiB): ENOENT: no such file; there is no file to keep`,
        'verified 1,200 blobs (100 MiB) in 2m 5s: 2 damaged, which the next pull fetches anew',
        '',
      ].join('\n'),
    });
  });

  test('ends with 1 when the damage was found before it was interrupted', async () => {
    const resumed = { ...done(3), resumed: true };
    assert.equal((await shown([progress(0.5, { resumed: true, damaged: 3 }), resumed])).code, 1);
  });

  test('says that it goes on with one that was interrupted', async () => {
    const { text: written } = await shown([progress(0.5, { resumed: true }), done(0)]);
    assert.match(written, /^going on .* after 600 blobs \(50\.0 MiB\); --restart begins anew\n/);
  });

  test('shows plain lines of its progress, seldom, where there is no terminal', async () => {
    const events = [0, 0.1, 0.2, 0.3].map((share) => progress(share));
    const { text: written } = await shown([...events, done(0)], { step: 6000 });
    assert.match(written, /^verify \d+ %, .* of 100 MiB/);
    assert.ok(written.split('\n').length <= 5);
    assert.equal(stripVTControlCharacters(written), written);
  });

  test('paints one bar with bytes, rate and time left on a terminal', async () => {
    const events = [0, 0.1, 0.2].map((share) => progress(share, { damaged: 1 }));
    const { text: written } = await shown([...events, done(1)], { isTTY: true });
    assert.match(
      stripVTControlCharacters(written),
      /verify +\[#+\.+\] +20 % +20\.0 MiB \/ 100 MiB +10\.0 MiB\/s +8s left +1 damaged/,
    );
  });

  test('prints an object a line when it is asked for JSON', async () => {
    const events = [progress(0), damage, done(1)];
    const { code, text: written } = await shown(events, { json: true, isTTY: true });
    const lines = written.trimEnd().split('\n');
    assert.deepEqual(
      lines.map((line) => JSON.parse(line)),
      events,
    );
    assert.equal(code, 1);
  });
});

describe('a verification that a signal ends', () => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    test(`such as ${signal} is heard out, says that it goes on there, and ends with 1`, async () => {
      let ended = false;
      const result = await interrupted(signal, async (stopped) => {
        while (!stopped.aborted) await new Promise((resolve) => setImmediate(resolve));
        ended = true;
      });
      assert.ok(ended);
      assert.deepEqual(result, {
        code: 1,
        text: 'interrupted after 50.0 MiB of 100 MiB: "pullthrough verify" goes on there the next time\n',
      });
    });
  }

  test('fails as the work does when no signal came', async () => {
    const screen = {
      signals: new EventEmitter(),
      stdout: new PassThrough(),
      json: false,
      now: manualClock(),
    };
    const upkeep = {
      verify: () =>
        new ReportedWork<VerificationEvent>(async () => {
          throw new Error('broken');
        }),
    };
    await assert.rejects(runVerification(upkeep, {}, screen), /broken/);
    assert.deepEqual(screen.signals.eventNames(), []);
  });
});

describe('--rate', () => {
  for (const rate of ['0', '-1', 'fast', '5M']) {
    test(`is not ${rate}`, async () => {
      const [stdout, stderr] = [new PassThrough(), new PassThrough()];
      const context = { arguments: [], flags: new Map([['rate', rate]]), environment: {} };
      await assert.rejects(
        async () => verify.run({ ...context, stdout, stderr }),
        (error) => error instanceof UsageError && error.message.includes('--rate'),
      );
    });
  }
});
