import type { Logger } from 'pino';
import { isDiskRefusal } from '../mirror/diskRefusal.ts';
import type { MirrorObserver } from '../mirror/mirrorObserver.ts';
import type { RequestObserver } from '../mirror/requestObserver.ts';
import type { VerificationObserver } from '../upkeep/verification/verificationObserver.ts';
import type { SetAsideReason, UpstreamObserver } from '../upstream/upstreamObserver.ts';
import type { Metrics } from './metrics.ts';
import type { RequestLog } from './requestLog.ts';
import type { StoreFailures } from './storeFailures.ts';

/** Counts every finished request and writes its line in the log. */
export function createRequestObserver(metrics: Metrics, log: RequestLog): RequestObserver {
  return {
    finished(request) {
      metrics.requestFinished(request);
      log.write(request);
    },
  };
}

/**
 * Counts what the mirror fetches, and logs what went wrong with it; what the disk did goes to `failures`,
 * since it would be said of each blob that is asked for.
 */
export function createMirrorObserver(
  metrics: Metrics,
  logger: Logger,
  failures: StoreFailures,
): MirrorObserver {
  return {
    pulledBytes: (upstream, kind, bytes) => metrics.pulledBytes(upstream, kind, bytes),
    fillResumed(upstream) {
      metrics.fillResumed(upstream);
      logger.info({ upstream }, 'a broken transfer was taken up again');
    },
    digestMismatched(upstream, { expected, actual, nature, heldBefore }) {
      metrics.digestMismatched(upstream);
      const message = `the upstream sent bytes that do not have their digest: ${nature}`;
      logger.warn({ upstream, expected, actual, nature, heldBefore }, message);
    },
    fillFailed(upstream, digest, error) {
      metrics.fillFailed(upstream);
      if (isDiskRefusal(error)) failures.report(error);
      else logger.warn({ upstream, digest, err: error }, 'a transfer was given up');
    },
  };
}

/** Counts what is hashed anew, and counts and logs each file that is found damaged. */
export function createVerificationObserver(metrics: Metrics, logger: Logger): VerificationObserver {
  return {
    scrubbed: (bytes) => metrics.scrubbed(bytes),
    damageFound(digest, reason, quarantinedAs) {
      metrics.damageFound();
      logger.error(
        { digest, reason, quarantinedAs },
        'a file was damaged on the disk; it is fetched anew when it is asked for',
      );
    },
  };
}

const setAsideMessages: Readonly<Record<SetAsideReason, string>> = {
  refused:
    'the account is not used for a while: its log-in was refused or its secret could not be read; look at its username and token, tokenFile, tokenCommand or dockerConfig under upstreams.accounts',
  pull_limit: 'the account is not used for pulls for a while: they are used up',
};

/**
 * Counts what passes between the mirror and its upstreams, and logs when one throttles, stops
 * answering or answers again, or an account is set aside or comes back: the change, not every request
 * that meets it.
 */
export function createUpstreamObserver(metrics: Metrics, logger: Logger): UpstreamObserver {
  const down = new Set<string>();
  return {
    exchanged: (upstream, operation, status) => metrics.exchanged(upstream, operation, status),
    pullCounted: (upstream, account) => metrics.pullCounted(upstream, account),
    answered: (upstream, operation, milliseconds) =>
      metrics.answered(upstream, operation, milliseconds),
    rateLimitRead: (upstream, account, read) => metrics.rateLimitRead(upstream, account, read),
    accountSetAside(upstream, account, reason, seconds) {
      metrics.accountSetAside(upstream, account, reason);
      logger.warn({ upstream, account, reason, seconds }, setAsideMessages[reason]);
    },
    accountBack(upstream, account) {
      metrics.accountBack(upstream, account);
      logger.info({ upstream, account }, 'an account is of use again');
    },
    credentialFailed(upstream, account, reason) {
      logger.warn({ upstream, account, reason }, 'the credential of an account cannot be read');
    },
    throttled(upstream, account, reason) {
      metrics.throttled(upstream, account, reason);
      logger.warn({ upstream, account, reason }, 'the upstream throttles');
    },
    reachable(upstream, up) {
      metrics.reachable(upstream, up);
      if (up && down.delete(upstream)) logger.info({ upstream }, 'the upstream answers again');
      if (up || down.has(upstream)) return;
      down.add(upstream);
      logger.warn({ upstream }, 'the upstream does not answer');
    },
    circuitChanged(upstream, circuit, refusal) {
      metrics.circuitChanged(upstream, circuit, refusal);
      if (refusal === undefined) {
        logger.info({ upstream, circuit }, 'the upstream is asked again');
        return;
      }
      const { error, milliseconds } = refusal;
      const told = { upstream, circuit, reason: error.message, seconds: milliseconds / 1000 };
      logger.warn(told, 'the upstream is not asked for a while');
    },
  };
}
