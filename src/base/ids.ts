import { randomBytes } from 'node:crypto';

/** A room of a tenant, as one string: `tenant NUL room`. Ids hold no control characters. */
export type RoomKey = string & { readonly roomKey: unique symbol };
/** A user of a tenant, as one string: `tenant NUL user`. */
export type UserKey = string & { readonly userKey: unique symbol };

/** The tenant of those who name none. */
export const defaultTenant = 'default';

/** Tenants are part of every key, so that no query can reach across (architecture.md, trap 15). */
export const roomKey = (tenant: string, room: string): RoomKey => `${tenant}\0${room}` as RoomKey;
export const userKey = (tenant: string, user: string): UserKey => `${tenant}\0${user}` as UserKey;

/** The tenant in a key. */
export const tenantOf = (key: RoomKey | UserKey): string => key.slice(0, key.indexOf('\0'));

/** The id in a key, without its tenant. */
export const idOf = (key: RoomKey | UserKey): string => key.slice(key.indexOf('\0') + 1);

/** Makes ids that nobody can guess; passed in so that tests can make them repeatable. */
export type IdSource = (bytes: number) => string;

/** `bytes` random bytes as URL-safe text: 16 bytes give 22 characters. */
export const randomId: IdSource = (bytes) => randomBytes(bytes).toString('base64url');
