import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Listing } from '@minitorrent/peer';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SHELL_COMMANDS } from '../src/shell/command-table.ts';
import { complete } from '../src/shell/completion.ts';
import { device, idOf } from './support/devices.ts';
import { createFakeDownload, createFakePeer, createFakeShare } from './support/fake-peer.ts';

const file = createFakeShare().file;
const listing = <T>(items: readonly T[]): Listing<T> => ({ items, mayBeStale: false });
const peer = createFakePeer({
  listGroups: async () =>
    listing(
      ['films', 'film noir', "it's", 'evil\u001b[2J'].map((groupId) => ({
        groupId,
        members: 1,
        files: 1,
        standing: 'member',
      })),
    ),
  listFiles: async (groupId) =>
    listing(
      ['holiday one.mkv', 'holiday.mkv', `of ${groupId}`].map((name) => ({
        file: { ...file, name },
        sharedBy: 'alice',
        sharedAtMs: 0,
        seeders: 1,
        leechers: 0,
        sharedByDevice: undefined,
        isSigned: true,
      })),
    ),
  listRequests: async (groupId = '') =>
    listing([{ groupId, userId: 'bob', requestedAtMs: 0, deviceIds: [] }]),
  listMembers: async () => ({
    ...listing([{ userId: 'bob', role: 'member', sinceMs: 0, deviceIds: [] }]),
    groupKey: undefined,
  }),
  listDevices: async () =>
    listing(
      [3, 4].map((byte) => ({
        ...{ deviceId: device(byte), name: 'desk', boundAtMs: 0, isOnline: true },
        isRevoked: byte === 4,
      })),
    ),
  listInvitations: async () =>
    listing([
      {
        ...{ inviteId: device(5), invitedBy: 'alice', createdAtMs: 0, expiresAtMs: 1 },
        ...{ maxUses: 1, uses: 0 },
      },
    ]),
  downloads: () => [createFakeDownload('a.txt', 'films'), createFakeDownload('b.txt', 'other')],
  shares: () => [createFakeShare(), createFakeShare({ groupId: 'other' })],
});

describe('complete', () => {
  it('offers commands', async () => {
    expect((await complete('', peer)).candidates).toEqual(
      [...new Set(SHELL_COMMANDS.map(({ name }) => `${name.split(' ')[0]} `))].sort(),
    );
    expect(await complete('  list_', peer)).toEqual({
      candidates: ['list_file ', 'list_groups ', 'list_invitations ', 'list_members ', 'list_requests '],
      typed: 'list_',
    });
    expect((await complete('help up', peer)).candidates).toEqual(['upload_file ']);
  });

  it.each([
    ['join_group fi', ['film\\ noir ', 'films '], 'fi'],
    ['join_group film\\ n', ['film\\ noir '], 'film\\ n'],
    ['join_group "film n', ['"film noir" '], '"film n'],
    ["join_group 'it", [`'it'\\''s' `], "'it"],
    ['join_group it', ["it\\'s "], 'it'],
    ['download_file films ', ['holiday.mkv ', 'holiday\\ one.mkv ', 'of\\ films '], ''],
    ['download_file films holiday.', ['holiday.mkv '], 'holiday.'],
    ['download_file films a --', ['--first ', '--overwrite ', '--strategy ', '--to '], '--'],
    ['download_file films a --strategy r', ['random ', 'rarest-first '], 'r'],
    ['download_file --overwrite films of', ['of\\ films '], 'of'],
    ['download_file --strategy random films of', ['of\\ films '], 'of'],
    ['accept_request films ', ['bob '], ''],
    ['cancel_download films ', ['a.txt '], ''],
    ['stop_share other ', ['a.txt '], ''],
    ['dev', ['device '], 'dev'],
    ['device ', ['list ', 'revoke '], ''],
    ['device re', ['revoke '], 're'],
    ['help dev', ['device '], 'dev'],
    ['help device ', ['list ', 'revoke '], ''],
    ['device revoke ', [`${idOf(3).slice(0, 15)} `], ''],
    ['remove_member films ', ['bob '], ''],
    ['make_admin films b', ['bob '], 'b'],
    ['revoke_invitation films ', [`${idOf(5).slice(0, 15)} `], ''],
    ['invite films --', ['--expires ', '--uses '], '--'],
    ['join_group films ', [], ''],
    ['device list ', [], ''],
    ['login ', [], ''],
    ['login alice ', [], ''],
    ['list_groups ', [], ''],
    ['bogus ', [], ''],
  ])('offers at %j', async (line, candidates, typed) => {
    expect(await complete(line, peer)).toEqual({ candidates, typed });
  });

  it('never offers what a terminal could not show', async () => {
    expect((await complete('join_group ev', peer)).candidates).toEqual([]);
  });

  it('offers nothing when the tracker does not answer', async () => {
    const offline = createFakePeer({ listGroups: () => Promise.reject(new Error('offline')) });
    expect(await complete('join_group ', offline)).toEqual({ candidates: [], typed: '' });
  });
});

describe('complete, for a path', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'minitorrent-completion-'));
    await mkdir(join(folder, 'my films'));
    await writeFile(join(folder, 'my films', 'one.mkv'), '');
    await writeFile(join(folder, 'movie.mkv'), '');
    await writeFile(join(folder, '.hidden'), '');
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('offers files, and folders to go on in', async () => {
    expect((await complete(`upload_file films ${folder}/`, peer)).candidates).toEqual([
      `${folder}/movie.mkv `,
      `${folder}/my\\ films/`,
    ]);
    expect((await complete(`upload_file films "${folder}/my`, peer)).candidates).toEqual([
      `"${folder}/my films/`,
    ]);
    expect((await complete(`upload_file films "${folder}/my films/o`, peer)).candidates).toEqual([
      `"${folder}/my films/one.mkv" `,
    ]);
    expect((await complete(`upload_file films ${folder}/.`, peer)).candidates).toEqual([
      `${folder}/.hidden `,
    ]);
    expect((await complete(`download_file films a --to ${folder}/mo`, peer)).candidates).toEqual([
      `${folder}/movie.mkv `,
    ]);
    expect((await complete('upload_file films pack', peer)).candidates).toContain('package.json ');
    expect((await complete(`upload_file films ${folder}/none/`, peer)).candidates).toEqual([]);
  });
});
