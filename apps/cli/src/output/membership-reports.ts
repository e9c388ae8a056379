/**
 * What the commands about groups, devices, members and invitations have to say, as plain data, as in reports.ts.
 *
 * Ids of devices, invitations and groups are whole: eight groups of seven characters. People are shown the first two.
 */

/** Of what a tracker lists: true where a backup answered, so that something acknowledged a moment ago may be missing. */
export interface Freshness {
  readonly mayBeStale: boolean;
}

export interface GroupRow {
  readonly groupId: string;
  readonly members: number;
  readonly files: number;
  readonly standing: string;
}

export interface RequestRow {
  readonly groupId: string;
  readonly userId: string;
  readonly requestedAtMs: number;
  /** Which devices would be let in, for people to compare. */
  readonly deviceIds: readonly string[];
}

export interface MemberRow {
  readonly userId: string;
  readonly role: string;
  readonly sinceMs: number;
  readonly deviceIds: readonly string[];
}

export interface DeviceRow {
  readonly deviceId: string;
  readonly name: string;
  readonly boundAtMs: number;
  readonly isOnline: boolean;
  readonly isRevoked: boolean;
  /** The one that answers this. */
  readonly isThis: boolean;
}

export interface InvitationRow {
  readonly inviteId: string;
  readonly invitedBy: string;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  readonly maxUses: number;
  readonly uses: number;
}

/** An invitation that was made. `code` is as secret as a password. */
export interface InviteResult {
  readonly command: 'invite';
  readonly groupId: string;
  readonly code: string;
  readonly inviteId: string;
  readonly expiresAtMs: number;
  readonly maxUses: number;
}

/** The members of a group, and its key, which is the same for all of them; null while this device is not let in. */
export interface MembersResult extends Freshness {
  readonly command: 'list_members';
  readonly groupId: string;
  readonly groupKey: string | null;
  readonly members: readonly MemberRow[];
}

export interface DevicesResult extends Freshness {
  readonly command: 'device_list';
  readonly devices: readonly DeviceRow[];
}

export interface InvitationsResult extends Freshness {
  readonly command: 'list_invitations';
  readonly groupId: string;
  readonly invitations: readonly InvitationRow[];
}

export type MembershipResult =
  | { readonly command: 'change_password' }
  | DevicesResult
  | { readonly command: 'device_revoke'; readonly deviceId: string }
  | MembersResult
  | {
      readonly command: 'remove_member';
      readonly groupId: string;
      readonly userId: string;
      /** By which whoever was removed comes back, if they know the code. */
      readonly openInvitations: number;
    }
  | {
      readonly command: 'make_admin' | 'unmake_admin';
      readonly groupId: string;
      readonly userId: string;
      /** For which this device has signed, for people to compare. */
      readonly deviceIds: readonly string[];
    }
  | InviteResult
  | InvitationsResult
  /** `inviteId` is null where the code was given. */
  | { readonly command: 'revoke_invitation'; readonly groupId: string; readonly inviteId: string | null };
