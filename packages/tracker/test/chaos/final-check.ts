/** Asks every tracker for everything that was acknowledged, when all is healed and nobody writes. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { PinnedAddress } from '@minitorrent/rpc-core';
import type { Audit, AuditOptions } from './audit.ts';
import { codeOf, connectTo, PATIENCE_MS, type TrackerClient } from './failover-client.ts';
import type { KnownUser } from './promises.ts';

const CONNECTIONS = 8;

/** What is missing at any tracker, as sentences. */
export async function findMissing(audit: Audit, options: AuditOptions): Promise<readonly string[]> {
  const missing: string[] = [];
  for (const [at, address] of options.addresses.entries()) {
    if (!(await becomesLevel(audit, address)))
      missing.push(`tracker-${at} has another journal than the others`);
  }
  // Only now, because the first login of a user binds the device, which is an entry more.
  for (const [at, address] of options.addresses.entries()) {
    const absent = await findAbsent(address, options);
    missing.push(...absent.map((what) => `tracker-${at}: ${what}`));
  }
  return missing;
}

/** A backup hears of the last entry by the next heartbeat. */
async function becomesLevel(audit: Audit, address: PinnedAddress): Promise<boolean> {
  const beganMs = performance.now();
  while (!(await audit.isAtEnd(address))) {
    if (performance.now() - beganMs > PATIENCE_MS) return false;
    await sleep(100);
  }
  return true;
}

/** Logs in as every user: only the owner has the password, and the answer names the groups. */
async function findAbsent(address: PinnedAddress, options: AuditOptions): Promise<readonly string[]> {
  const absent: string[] = [];
  const users = options.promises.users.values();
  const checkSome = async (): Promise<void> => {
    const { connection, tracker } = await connectTo(address, options, PATIENCE_MS);
    try {
      // One iterator for all of them: each takes the next user.
      for (const user of users) absent.push(...(await findAbsentOf(user, tracker, options)));
    } finally {
      connection.abort();
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, checkSome));
  return absent;
}

async function findAbsentOf(
  user: KnownUser,
  tracker: TrackerClient,
  { deviceId }: AuditOptions,
): Promise<readonly string[]> {
  const { userId, password, groups } = user;
  const request = { userId, password, deviceId };
  try {
    const { memberships } = await tracker.login(request, { timeoutMs: PATIENCE_MS });
    await tracker.logout({}, { timeoutMs: PATIENCE_MS });
    const own = new Set(memberships.filter(({ role }) => role === 'admin').map(({ groupId }) => groupId));
    return [...groups].filter((group) => !own.has(group)).map((group) => `group ${group} of ${userId}`);
  } catch (error) {
    return [`user ${userId}: ${codeOf(error)}`];
  }
}
