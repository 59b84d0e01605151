import type { Command } from './command.ts';
import { runUntilSignalled } from './lifecycle.ts';
import type { RunningMirror } from './mirrorServer.ts';
import { loadConfigurationFor, settingOptions } from './settingFlags.ts';
import { collectStartGarbage } from './startGarbage.ts';
import { describeStartFailure, isWrongSetting } from './startFailure.ts';

/** The `serve` command. */
export const serve: Command = {
  name: 'serve',
  summary: 'Serve the mirror and the ops endpoints, until SIGTERM or SIGINT.',
  details: [
    'The first SIGTERM or SIGINT lets it finish what it is sending, for shutdownTimeout at most: exit',
    'code 0, or 1 when the time was over. The second one ends it at once, with 1.',
  ],
  options: settingOptions(),
  run: async (context) => {
    const { configuration, warnings } = loadConfigurationFor(context);
    const report = (line: string): void => {
      context.stderr.write(`pullthrough: ${line}\n`);
    };
    // All of the mirror, which no other command should have to wait for.
    const { startMirror } = await import('./mirrorServer.ts');
    const start = async (): Promise<RunningMirror> => {
      const running = await startMirror(configuration, context.environment, warnings);
      collectStartGarbage();
      return running;
    };
    try {
      return await runUntilSignalled(start, {
        signals: process,
        shutdownTimeout: configuration.shutdownTimeout,
        report,
        now: () => performance.now(),
        exit: (code) => process.exit(code),
      });
    } catch (error) {
      if (isWrongSetting(error)) {
        report(error.message);
        return 2;
      }
      const failure = describeStartFailure(error, configuration);
      if (failure === undefined) throw error;
      report(failure);
      return 1;
    }
  },
};
