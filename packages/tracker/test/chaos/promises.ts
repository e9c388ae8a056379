/**
 * What the clients were told: who has which name, who was refused one, and what they must never hear.
 *
 * It is the observer of a run. What is found wrong is kept as a sentence, and any sentence fails the run.
 */

/** A user or group that a client makes. */
export interface Write {
  readonly kind: 'user' | 'group';
  readonly name: string;
  /** The user of a group; the password of a user, which no other has. */
  readonly owner: string;
  /** Hexadecimal. */
  readonly requestId: string;
  /** Others want the same name. */
  readonly isContended: boolean;
}

export interface KnownUser {
  readonly userId: string;
  readonly password: string;
  /** Those that the user made. */
  readonly groups: Set<string>;
}

export class Promises {
  acknowledgedWrites = 0;
  refusedWrites = 0;
  reads = 0;
  /** Two were told that the same name is theirs. */
  readonly duplicates: string[] = [];
  /** An answer that a client must never get, or something that nobody could explain. */
  readonly violations: string[] = [];
  readonly #owners = new Map<string, Write>();
  readonly #refused: Write[] = [];
  readonly #users: KnownUser[] = [];
  readonly #usersByName = new Map<string, KnownUser>();
  readonly #retries = new Map<string, number>();
  readonly #loggedIn = new Set<string>();

  /** Everybody who was told that a name is theirs, by the name with its kind. */
  get owners(): ReadonlyMap<string, Write> {
    return this.#owners;
  }

  get refused(): readonly Write[] {
    return this.#refused;
  }

  /** In the order in which they were acknowledged. */
  get users(): readonly KnownUser[] {
    return this.#users;
  }

  /** Users who were told that they are logged in, so that their device is bound. */
  get loggedInUsers(): ReadonlySet<string> {
    return this.#loggedIn;
  }

  /** Errors that led to another try, by code. */
  get retries(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#retries);
  }

  acknowledged(write: Write): void {
    const key = keyOf(write);
    const other = this.#owners.get(key);
    if (other !== undefined) this.duplicates.push(`${key} was given to ${other.owner} and ${write.owner}`);
    this.acknowledgedWrites += 1;
    this.#owners.set(key, write);
    if (write.kind === 'group') this.#usersByName.get(write.owner)?.groups.add(write.name);
    else this.#addUser(write);
  }

  refuses(write: Write): void {
    this.refusedWrites += 1;
    this.#refused.push(write);
    if (!write.isContended)
      this.violations.push(`${keyOf(write)} was refused, and nobody else ever asked for it`);
  }

  loggedIn(userId: string): void {
    this.#loggedIn.add(userId);
  }

  retried(code: string): void {
    this.#retries.set(code, (this.#retries.get(code) ?? 0) + 1);
  }

  violated(what: string): void {
    this.violations.push(what);
  }

  #addUser({ name, owner }: Write): void {
    const user = { userId: name, password: owner, groups: new Set<string>() };
    this.#users.push(user);
    this.#usersByName.set(name, user);
  }
}

/** A name with its kind: users and groups have names of their own. */
export function keyOf({ kind, name }: Pick<Write, 'kind' | 'name'>): string {
  return `${kind} ${name}`;
}
