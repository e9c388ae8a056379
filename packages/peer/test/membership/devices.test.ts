/** The devices of a user: how they log in and come back, and how they are told from each other and removed. */
import { describe, expect, it, vi } from 'vitest';
import { GROUP, GroupScene, next, PASSWORD } from '../support/group-scene.ts';

const NEW_PASSWORD = 'staple battery horse';
const SOON = { timeout: 20_000 };

function count(asked: readonly string[], name: string): number {
  return asked.filter((one) => one === name).length;
}

describe('a device', () => {
  it('shows its password once, and comes back by its key however often its tracker fails', async () => {
    await using scene = await GroupScene.start();
    const alice = await scene.user('alice');
    for (let falls = 1; falls <= 3; falls += 1) {
      await scene.fall();
      const back = next(alice, 'tracker-connected');
      await scene.comeBack();
      expect(await back).toMatchObject({ userId: 'alice' });
      expect(count(scene.asked, 'resume_session')).toBe(falls);
    }
    await alice.createGroup(GROUP);
    expect(count(scene.asked, 'login')).toBe(1);
  });

  it('is on the list of its user by its name, which is cut and harmless', async () => {
    await using scene = await GroupScene.start();
    const alice = await scene.user('alice', { deviceName: 'kitchen' });
    const second = await scene.device({ deviceName: `\u001b[2J${'x'.repeat(90)}` });
    await second.login('alice', PASSWORD);
    const { items } = await alice.listDevices();
    expect(items).toMatchObject([
      { deviceId: alice.deviceId, name: 'kitchen', isOnline: true, isRevoked: false },
      { deviceId: second.deviceId, name: `?[2J${'x'.repeat(60)}`, isOnline: true, isRevoked: false },
    ]);
  });

  it('that is revoked is logged out at once, and neither its key nor the password lets it in again', async () => {
    await using scene = await GroupScene.start();
    const alice = await scene.user('alice', { joinPolicy: async () => 'accept' });
    await alice.createGroup(GROUP);
    const lost = await scene.device();
    await lost.login('alice', PASSWORD);
    await vi.waitFor(async () => {
      const { items } = await alice.listMembers(GROUP);
      expect(items[0]?.deviceIds).toEqual([alice.deviceId, lost.deviceId]);
    }, SOON);
    const told = next(lost, 'login-needed');
    await alice.revokeDevice(lost.deviceId);
    expect(await told).toMatchObject({ userId: 'alice', code: 'device_revoked' });
    expect(lost.userId).toBeUndefined();
    await expect(lost.login('alice', PASSWORD)).rejects.toMatchObject({ code: 'device_revoked' });
    expect((await alice.listDevices()).items).toMatchObject([{ isRevoked: false }, { isRevoked: true }]);
    expect((await alice.listMembers(GROUP)).items[0]?.deviceIds).toEqual([alice.deviceId]);
  });

  it('needs somebody who is logged in for what is theirs', async () => {
    await using scene = await GroupScene.start();
    const nobody = await scene.device();
    const refused = { code: 'not_logged_in' };
    await expect(nobody.listDevices()).rejects.toMatchObject(refused);
    await expect(nobody.changePassword(PASSWORD, NEW_PASSWORD)).rejects.toMatchObject(refused);
    await expect(nobody.createGroup(GROUP)).rejects.toMatchObject(refused);
    await expect(nobody.invite(GROUP)).rejects.toMatchObject(refused);
    await expect(nobody.removeMember(GROUP, 'bob')).rejects.toMatchObject(refused);
  });
});

describe('a new password', () => {
  it('takes the old one, lets the devices go on, and counts for logins with and without a tracker', async () => {
    await using scene = await GroupScene.start();
    const alice = await scene.user('alice', { trackerPatienceMs: 2_000 });
    await expect(alice.changePassword(NEW_PASSWORD, 'something else entirely')).rejects.toMatchObject({
      code: 'wrong_password',
    });
    await alice.changePassword(PASSWORD, NEW_PASSWORD);
    await alice.createGroup(GROUP);
    const second = await scene.device();
    await expect(second.login('alice', PASSWORD)).rejects.toMatchObject({ code: 'wrong_password' });
    await second.login('alice', NEW_PASSWORD);
    await alice.logout();
    await scene.fall();
    await expect(alice.login('alice', PASSWORD)).rejects.toMatchObject({ code: 'wrong_password' });
    const offline = next(alice, 'offline');
    await alice.login('alice', NEW_PASSWORD);
    expect(await offline).toEqual({ userId: 'alice' });
  });
});
