/**
 * Commands for the user's own account. A password that is not in the line is asked for, unseen.
 */
import { passwordsDiffer } from './ask-password.ts';
import { type CommandContext, defineCommand, type ShellCommand } from './command.ts';

const userId = { name: 'userid', kind: 'user', summary: 'name of the user, 1 to 64 bytes' } as const;
const password = {
  name: 'password',
  kind: 'password',
  summary: 'at least 12 characters; asked for, without echo, when left out',
  optional: true,
} as const;

const createUser: ShellCommand = defineCommand({
  name: 'create_user',
  summary: 'Register a user at the tracker',
  parameters: [userId, password],
  async run({ peer, signal, askPassword }, args) {
    const secret = args.password ?? (await askNewPassword(args.userid, askPassword));
    await peer.createUser(args.userid, secret, { signal });
    return { command: 'create_user', userId: args.userid };
  },
});

const login: ShellCommand = defineCommand({
  name: 'login',
  summary: 'Log in; shares and downloads of this user go on',
  parameters: [userId, password],
  async run({ peer, signal, askPassword }, args) {
    const secret = args.password ?? (await askPassword(`Password for ${args.userid}`));
    await peer.login(args.userid, secret, { signal });
    return { command: 'login', userId: args.userid };
  },
});

const logout: ShellCommand = defineCommand({
  name: 'logout',
  summary: 'Log out; nothing is served or downloaded until the next login',
  async run({ peer, signal }) {
    await peer.logout({ signal });
    return { command: 'logout' };
  },
});

const changePassword: ShellCommand = defineCommand({
  name: 'change_password',
  summary: 'Change your password; asks for the old one and, twice, for the new one',
  asksForSecrets: true,
  async run({ peer, signal, mode, askPassword }) {
    const userId = peer.userId ?? 'you';
    const old = await askPassword(`Present password for ${userId}`);
    const secret = await askNewPassword(userId, askPassword);
    // A terminal has asked twice.
    if (mode === 'script' && (await askPassword('The same once more')) !== secret) throw passwordsDiffer();
    await peer.changePassword(old, secret, { signal });
    return { command: 'change_password' };
  },
});

export const accountCommands: readonly ShellCommand[] = [createUser, login, logout, changePassword];

async function askNewPassword(name: string, askPassword: CommandContext['askPassword']): Promise<string> {
  // Only here: it brings the whole tracker.
  const { DEFAULT_LIMITS } = await import('@minitorrent/tracker');
  const minCharacters = DEFAULT_LIMITS.passwordCharacters;
  return await askPassword(`New password for ${name}`, { repeat: true, minCharacters });
}
