import type { Device, Invitation, Peer } from '@minitorrent/peer';
import { describe, expect, it, vi } from 'vitest';
import type { CommandContext } from '../src/shell/command.ts';
import { showNotices } from '../src/shell/notices.ts';
import { runLine } from '../src/shell/run-line.ts';
import { createShownRequests } from '../src/shell/shown-requests.ts';
import { device, idOf } from './support/devices.ts';
import { createFakeContext } from './support/fake-context.ts';
import { createFakeDownload, createFakePeer, createFakeShare } from './support/fake-peer.ts';
import { createFakeReporter } from './support/fake-reporter.ts';

async function run(line: string, scripted: Partial<Peer> = {}, changes: Partial<CommandContext> = {}) {
  const reporter = createFakeReporter();
  const context = createFakeContext(scripted, changes);
  const outcome = await runLine(line, { context, reporter, lineNumber: 1 });
  return { outcome, report: reporter.reports[0] };
}

const withSignal = { signal: expect.any(AbortSignal) };
const short = (byte: number) => idOf(byte).slice(0, 15);

describe('commands about members', () => {
  it.each([
    ['remove_member films bob q', 'removeMember', { openInvitations: 1 }],
    ['make_admin films bob', 'makeAdmin', { deviceIds: [idOf(3)] }],
    ['unmake_admin films bob', 'unmakeAdmin', { deviceIds: [idOf(3)] }],
  ] as const)('%s', async (line, method, more) => {
    const called = vi.fn(async () => ({ deviceIds: [device(3)] }));
    const open = {
      inviteId: device(5),
      invitedBy: 'alice',
      createdAtMs: 1,
      expiresAtMs: 2,
      maxUses: 1,
      uses: 0,
    };
    const listInvitations = async () => ({ items: [open], mayBeStale: false });
    const { report } = await run(line, { [method]: called, listInvitations });
    expect(called).toHaveBeenCalledExactlyOnceWith('films', 'bob', withSignal);
    const who = { command: line.split(' ')[0], groupId: 'films', userId: 'bob' };
    expect(report).toEqual({ type: 'result', ...who, ...more });
  });

  it('list_members tells whole ids, and the key of the group', async () => {
    const member = { userId: 'bob', role: 'member', sinceMs: 5, deviceIds: [device(3)] } as const;
    const listMembers = async () => ({ items: [member], mayBeStale: true, groupKey: device(9) });
    expect((await run('list_members films', { listMembers })).report).toEqual({
      ...{ type: 'result', command: 'list_members', groupId: 'films', groupKey: idOf(9), mayBeStale: true },
      members: [{ ...member, deviceIds: [idOf(3)] }],
    });
    const unknown = async () => ({ items: [], mayBeStale: false, groupKey: undefined });
    expect((await run('list_members films', { listMembers: unknown })).report).toMatchObject({
      groupKey: null,
    });
  });
});

describe('accept_request', () => {
  const waiting = { groupId: 'films', userId: 'bob', requestedAtMs: 5, deviceIds: [device(2)] };

  function setUp(scripted: Partial<Peer> = {}) {
    const acceptRequest = vi.fn<Peer['acceptRequest']>(async () => ({ deviceIds: [device(2)] }));
    const peer = createFakePeer({ acceptRequest, ...scripted });
    const requests = createShownRequests();
    const [board, reporter] = [createFakeContext().board, createFakeReporter()];
    showNotices({ peer, reporter, board, requests });
    const type = (line: string) => run(line, {}, { peer, requests });
    return { acceptRequest, peer, type };
  }
  const compared = { ...withSignal, deviceIds: [device(2)] };

  it('lets in the devices that list_requests showed', async () => {
    const listRequests = async () => ({ items: [waiting], mayBeStale: false });
    const { acceptRequest, type } = setUp({ listRequests });
    await type('list_requests');
    const { report } = await type('accept_request films bob');
    expect(acceptRequest).toHaveBeenLastCalledWith('films', 'bob', compared);
    expect(report).toMatchObject({ userId: 'bob', isOwn: false, deviceIds: [idOf(2)] });
  });

  it('lets in the devices that the last notice showed', async () => {
    const { acceptRequest, peer, type } = setUp();
    peer.emit('join-request', { ...waiting, deviceIds: [device(7)] });
    peer.emit('join-request', waiting);
    peer.emit('join-request', { ...waiting, userId: 'carol', deviceIds: [device(8)] });
    await type('accept_request films bob');
    expect(acceptRequest).toHaveBeenLastCalledWith('films', 'bob', compared);
  });

  it('keeps what was shown of a request that it could not accept', async () => {
    const { acceptRequest, peer, type } = setUp();
    peer.emit('join-request', waiting);
    acceptRequest.mockRejectedValueOnce(new Error('no tracker'));
    await type('accept_request films bob');
    await type('accept_request films bob');
    expect(acceptRequest).toHaveBeenLastCalledWith('films', 'bob', compared);
  });

  it.each(['accept_request films bob', 'reject_request films bob'])(
    'takes the request after %s for another one',
    async (line) => {
      const { acceptRequest, peer, type } = setUp({ rejectRequest: async () => undefined });
      peer.emit('join-request', waiting);
      await type(line);
      await type('accept_request films bob');
      expect(acceptRequest).toHaveBeenLastCalledWith('films', 'bob', withSignal);
    },
  );
});

describe('invitations', () => {
  const made = { code: 'THE-CODE', inviteId: device(5), expiresAtMs: 7, maxUses: 3 };

  it('are made with the defaults of the peer, or as told', async () => {
    const invite = vi.fn(async () => made);
    const { report } = await run('invite films', { invite });
    expect(invite).toHaveBeenLastCalledWith('films', withSignal);
    expect(report).toMatchObject({ ...made, command: 'invite', groupId: 'films', inviteId: idOf(5) });
    await run('invite films --expires 12h --uses 3 q', { invite });
    expect(invite).toHaveBeenLastCalledWith('films', {
      ...withSignal,
      expiresInMs: 43_200_000,
      maxUses: 3,
    });
  });

  it.each([
    ['--expires 0', 'bad_duration'],
    ['--expires soon', 'bad_duration'],
    ['--uses 0', 'bad_count'],
    ['--uses 1.5', 'bad_count'],
    ['--uses many', 'bad_count'],
    ['--for 7d', 'bad_arguments'],
  ])('are not made with %s', async (option, code) => {
    const { outcome, report } = await run(`invite films ${option}`);
    expect(outcome).toEqual({ kind: 'failed', exitCode: 2 });
    expect(report).toMatchObject({ code, usage: expect.stringContaining('invite <groupid>') });
  });

  it('let one join by their code', async () => {
    const joinGroup = vi.fn(async () => 'member' as const);
    const { report } = await run('join_group films THE-CODE q', { joinGroup });
    expect(joinGroup).toHaveBeenCalledExactlyOnceWith('films', { ...withSignal, invitation: 'THE-CODE' });
    expect(report).toMatchObject({ status: 'member', deviceId: idOf(4) });
    expect(JSON.stringify(report)).not.toContain('THE-CODE');
  });

  const invitation = (byte: number): Invitation => ({
    ...{ inviteId: device(byte), invitedBy: 'alice', createdAtMs: 1, expiresAtMs: 2, maxUses: 1, uses: 0 },
  });
  const listInvitations = async () => ({ items: [invitation(5), invitation(6)], mayBeStale: false });

  it('are listed with whole ids', async () => {
    const { report } = await run('list_invitations films', { listInvitations });
    expect(report).toMatchObject({ invitations: [{ inviteId: idOf(5), uses: 0 }, { inviteId: idOf(6) }] });
  });

  it.each([
    ['the id', idOf(5), device(5), idOf(5)],
    ['the beginning of the id', short(5).toLowerCase(), device(5), idOf(5)],
    ['a code, which looks like an id', idOf(8), idOf(8), null],
  ])('are revoked by %s', async (_what, text, expected, inviteId) => {
    const revokeInvitation = vi.fn(async () => undefined);
    const { report } = await run(`revoke_invitation films ${text}`, { listInvitations, revokeInvitation });
    expect(revokeInvitation).toHaveBeenCalledExactlyOnceWith('films', expected, withSignal);
    expect(report).toMatchObject({ command: 'revoke_invitation', inviteId });
  });

  it('are not revoked by what begins like none of them, or is copied wrong', async () => {
    const { report } = await run('revoke_invitation films ZZZZ', { listInvitations });
    expect(report).toMatchObject({ code: 'bad_id', message: expect.stringContaining('no id begins so') });
    // Half of a code is a secret.
    expect(JSON.stringify(report)).not.toContain('ZZZZ');
    const wrong = `${idOf(5).slice(0, -1)}7`;
    expect((await run(`revoke_invitation films ${wrong}`, { listInvitations })).report).toMatchObject({
      code: 'bad_device_id',
    });
  });
});

describe('devices', () => {
  const own = (byte: number, isRevoked = false): Device => ({
    ...{ deviceId: device(byte), name: `device ${byte}`, boundAtMs: byte, isOnline: true, isRevoked },
  });
  // Device 4 is the one that answers; 5 begins like 4.
  const near = { ...own(5), deviceId: Uint8Array.of(...device(4).subarray(0, 31), 9) };
  const listDevices = async () => ({ items: [own(3, true), own(4), near], mayBeStale: false });

  it.each(['device list', 'device_list', 'device list q'])('are listed by %s', async (line) => {
    expect((await run(line, { listDevices })).report).toMatchObject({
      command: 'device_list',
      devices: [
        { deviceId: idOf(3), isRevoked: true, isThis: false },
        { deviceId: idOf(4), isThis: true },
        { isThis: false },
      ],
    });
  });

  it('are revoked by an id', async () => {
    const revokeDevice = vi.fn(async () => undefined);
    const { report } = await run(`device revoke ${idOf(7)} q`, { revokeDevice, listDevices });
    expect(revokeDevice).toHaveBeenCalledExactlyOnceWith(device(7), withSignal);
    expect(report).toMatchObject({ command: 'device_revoke', deviceId: idOf(7) });
  });

  it('are not revoked where it is the only one, which would close groups for ever', async () => {
    const revokeDevice = vi.fn(async () => undefined);
    const alone = async () => ({ items: [own(3, true), own(4)], mayBeStale: false });
    const { report } = await run(`device revoke ${idOf(4)}`, { revokeDevice, listDevices: alone });
    expect(report).toMatchObject({ code: 'only_device', advice: expect.stringMatching(/another device/) });
    expect(revokeDevice).not.toHaveBeenCalled();
  });

  it.each([
    [short(4), '2 ids begin so'],
    [short(3), 'no id begins so'],
    ['7777', 'no id begins so'],
  ])('are not revoked by %s, which is no one of those in use', async (text, why) => {
    const { outcome, report } = await run(`device revoke ${text}`, { listDevices });
    expect(outcome).toMatchObject({ kind: 'failed' });
    expect(report).toMatchObject({ code: 'bad_id', message: expect.stringContaining(why) });
  });

  it.each(['device', 'device lst', 'devices'])('have two commands, and %s is neither', async (line) => {
    expect((await run(line)).report).toMatchObject({
      code: 'unknown_command',
      message: expect.stringMatching(/did you mean device list\?/),
    });
  });

  it('are told of where the second word is none of theirs', async () => {
    expect((await run('device foo')).report).toMatchObject({
      code: 'unknown_command',
      message: 'There is no command "device foo"; there is device list, device revoke',
    });
  });

  it('have help of their own', async () => {
    const named = async (line: string) => {
      const { report } = await run(line);
      if (report?.type !== 'result' || report.command !== 'help') throw new Error(`No help: ${line}`);
      return report.commands.map(({ name }) => name);
    };
    expect(await named('help device')).toEqual(['device list', 'device revoke']);
    expect(await named('help device revoke')).toEqual(['device revoke']);
    expect(await named('help device_revoke')).toEqual(['device revoke']);
  });
});

describe('change_password', () => {
  const answers = (...lines: string[]) => vi.fn(async () => lines.shift() ?? 'no line');

  it('takes three lines of a script', async () => {
    const changePassword = vi.fn(async () => undefined);
    const askPassword = answers('old horse battery', 'new horse battery', 'new horse battery');
    const { report } = await run('change_password q', { userId: 'alice', changePassword }, { askPassword });
    expect(changePassword).toHaveBeenCalledExactlyOnceWith(
      'old horse battery',
      'new horse battery',
      withSignal,
    );
    expect(report).toEqual({ type: 'result', command: 'change_password' });
  });

  it('leaves asking twice to a terminal', async () => {
    const changePassword = vi.fn(async () => undefined);
    const askPassword = answers('old horse battery', 'new horse battery');
    await run('change_password', { userId: 'alice', changePassword }, { askPassword, mode: 'interactive' });
    expect(askPassword.mock.calls).toEqual([
      ['Present password for alice'],
      ['New password for alice', { repeat: true, minCharacters: 12 }],
    ]);
    expect(changePassword).toHaveBeenCalledOnce();
  });

  it('changes nothing when the two new ones differ', async () => {
    const askPassword = answers('old horse battery', 'new horse battery', 'nwe horse battery');
    const { report } = await run('change_password', { userId: 'alice' }, { askPassword });
    expect(report).toMatchObject({ code: 'passwords_differ' });
    expect(JSON.stringify(report)).not.toContain('horse');
  });

  it('takes no password on its line', async () => {
    const { report } = await run('change_password old-secret new-secret');
    expect(report).toMatchObject({ code: 'bad_arguments' });
    expect(JSON.stringify(report)).not.toContain('secret');
  });
});

describe('download_file', () => {
  it('tells who shared the file, where somebody signed it', async () => {
    const download = createFakeDownload();
    download.complete();
    const summary = {
      file: createFakeShare().file,
      sharedBy: 'alice',
      sharedAtMs: 5,
      seeders: 1,
      leechers: 0,
    };
    const listed = async (isSigned: boolean) => ({
      items: [{ ...summary, sharedByDevice: isSigned ? device(3) : undefined, isSigned }],
      mayBeStale: false,
    });
    const started = { downloadFile: async () => download };
    expect(
      (await run('download_file films a.txt', { ...started, listFiles: () => listed(true) })).report,
    ).toMatchObject({ sharedBy: 'alice', sharedByDevice: idOf(3) });
    const nobody = { sharedBy: null, sharedByDevice: null };
    expect(
      (await run('download_file films a.txt', { ...started, listFiles: () => listed(false) })).report,
    ).toMatchObject(nobody);
    const away = () => Promise.reject(new Error('no tracker'));
    expect((await run('download_file films a.txt', { ...started, listFiles: away })).report).toMatchObject({
      status: 'completed',
      ...nobody,
    });
  });
});
