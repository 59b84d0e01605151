import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { generatedBlob } from '../support/blobContent.ts';
import { startHub } from '../support/hub/scriptedHub.ts';
import { buildImage } from '../support/images.ts';
import { mainFile } from '../cli/runCli.ts';
import { writeSettings } from '../cli/warmSettings.ts';
import { onBench, type Bench } from './support/bench.ts';
import { unlessInstalled } from './support/requireProgram.ts';
import { runCommand } from './support/runCommand.ts';
import { waitUntil } from './support/waitUntil.ts';

const mebibyte = 1024 * 1024;
const skip = unlessInstalled(['tmux']);

/** A terminal of so many columns with a shell in it. */
async function openTerminal(bench: Bench, columns: number) {
  const socket = `pullthrough-${process.pid}-${columns}`;
  const tmux = (...args: string[]) =>
    runCommand('tmux', ['-L', socket, '-f', '/dev/null', ...args]);
  const size = ['-x', `${columns}`, '-y', '24'];
  await tmux('new-session', '-d', ...size, '-c', bench.directory, 'sh');
  bench.onClose(async () => void (await tmux('kill-server')));
  return {
    type: async (line: string) => void (await tmux('send-keys', '-l', `${line}\n`)),
    /** What it shows now. */
    shown: () => tmux('capture-pane', '-p'),
  };
}

/** A Hub that gives one image slowly, and the command line that warms it. */
async function startSlowHub(bench: Bench) {
  const hub = await startHub();
  bench.onClose(() => hub.stop());
  const layers = ['a', 'b'].map((seed) => generatedBlob({ size: 3 * mebibyte, seed }));
  hub.addImage('library/alpine', buildImage({ layers }), { tags: ['3.20'] });
  const slow = hub.fault({ at: 'blob_body', slow: { bytesPerSecond: mebibyte / 2 } });
  const config = await writeSettings(bench.directory, hub);
  const command = `${process.execPath} ${mainFile} warm --config ${config} alpine:3.20`;
  return { hub, slow, command };
}

for (const columns of [120, 80, 40]) {
  test(
    `in a terminal of ${columns} columns a bar grows in one line, and a line stays of it`,
    { skip },
    onBench(async (bench) => {
      const { slow, command } = await startSlowHub(bench);
      const terminal = await openTerminal(bench, columns);
      await terminal.type(`clear; ${command}; echo code $?`);
      const bar = /^alpine:3\.20 \[#+\.*\] +[1-9]\d* % */m;
      const whole = /\d+\.\d [KM]iB \/ 6\.0 MiB +\d+(\.\d)? [KM]iB\/s +\d+s left$/m;
      await waitUntil('the bar shows', async () => {
        const pane = await terminal.shown();
        return bar.test(pane) && (columns < 80 || whole.test(pane));
      });
      const pane = await terminal.shown();
      assert.equal(pane.match(/alpine:3\.20 +\[/g)?.length, 1, pane);
      slow.clear();
      await waitUntil('the command has ended', async () =>
        /^code 0$/m.test(await terminal.shown()),
      );
      const end = await terminal.shown();
      assert.doesNotMatch(end, /\[#/);
      assert.match(end.replaceAll('\n', ''), /warmed {2}alpine:3\.20 \(linux\/amd64\): 6\.0 MiB/);
      assert.match(end, /^1 warmed, 0 failed; /m);
    }),
  );
}

test(
  'what is piped has no escape codes, and no bars',
  { skip },
  onBench(async (bench) => {
    const { hub, command } = await startSlowHub(bench);
    hub.clearFaults();
    const terminal = await openTerminal(bench, 100);
    const file = join(bench.directory, 'out');
    await terminal.type(`clear; ${command} | cat > ${file}; echo ended`);
    await waitUntil('the command has ended', async () => /^ended$/m.test(await terminal.shown()));
    const written = await readFile(file, 'utf8');
    assert.match(written, /^warmed {2}alpine:3\.20 .*\n1 warmed, 0 failed; .*\n$/);
    assert.doesNotMatch(written, /[^\n\P{Cc}]/u);
  }),
);

test(
  'a password is asked for twice and not shown, and the terminal is as it was then',
  { skip },
  onBench(async (bench) => {
    const terminal = await openTerminal(bench, 100);
    const shows = (text: RegExp) => async () => text.test(await terminal.shown());
    await terminal.type(`clear; ${process.execPath} ${mainFile} hash-password --cost 4 ann`);
    for (const prompt of [/^Password:$/m, /^The same again:$/m]) {
      await waitUntil('the password is asked for', shows(prompt));
      await terminal.type('not shown');
    }
    await waitUntil('the hash is printed', shows(/^ann:\$2y\$04\$\S{53}$/m));
    assert.doesNotMatch(await terminal.shown(), /not shown/);
    await terminal.type('echo shown again');
    await waitUntil('what is typed shows', shows(/echo shown again\nshown again$/m));
  }),
);
