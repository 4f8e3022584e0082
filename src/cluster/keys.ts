/**
 * Keys on a shard that both the cluster's scripts and the store's use; those of rooms and feeds
 * alone are in store/redis/keys.ts. A key that belongs to a slot starts with the slot's number
 * and a colon. `{user}` and `{room}` stand for the whole key, tenant included (trap 15).
 */

/**
 * Hash slot → `<version>` or `<version>.<generation>`: what the shard says of the slots it owns.
 * A slot that is frozen or elsewhere has no field, or another version: the item is MOVED.
 *
 * The generation is the slot's history (G6): a shard that came back and may have lost its tail
 * sets a fresh one on all its slots, which changes the epoch of every room in them; moving a slot
 * takes it along, so that resharding keeps epochs (G10). Newer ones must compare greater as
 * text: milliseconds in 9 digits of base 36, then some random ones. No dot inside.
 */
export const slotsKey = 'slots';

/** Hash node id → incarnation, live nodes only: a node declared dead is taken out (G7). */
export const nodesKey = 'nodes';

/**
 * Hash node id → publications to its channel from this shard, counted by the script that
 * publishes; each publication carries its number, so that a lost one shows (trap 13).
 */
export const publishedKey = 'pubs';

/**
 * The one channel of a node on each shard. Node ids carry a tag of the shard (`n1@x7Qp`) wherever
 * a script sees them, since the channels of all databases of one Redis are the same.
 */
export const nodeChannel = (node: string): string => `n:${node}`;

/**
 * Hash session id → `<node id> <incarnation>`, one for each connection of a user: `12:c:{user}`.
 * Connections of nodes that are not in {@link nodesKey} with that incarnation don't count. The
 * field `~` is the grace of a lost connection, `~ <token>`: it never counts as a node. While the
 * hash is there the user is online.
 */
export const connectionsKey = (slot: number, user: string): string => `${slot}:c:${user}`;

/**
 * First byte of a publication, its number in decimal and a line feed; the rest is the body.
 * `F`: feed items, as store/redis/publication.ts reads them. The others are the bus's own.
 */
export const publicationHeader = /^([A-Z])(\d+)\n/;
export const feedPublication = 'F';

/**
 * Hash profile of a user: `12:u:{user}`. `j` is the profile as JSON, `v` its version; the
 * directory decides on `b` (1: blocked), `i` (1: inactive) and `t` (revokedBefore in ms), and
 * leaves `s` (lastSeen in ms) for the store to show. A hash without `v` is no profile.
 */
export const profileKey = (slot: number, user: string): string => `${slot}:u:${user}`;

/**
 * String that is there while one token is revoked: `12:j:{tenant NUL jti}`, on the slot of
 * `tenant NUL jti`.
 */
export const tokenKey = (slot: number, token: string): string => `${slot}:j:${token}`;

/** Hash node id → incarnation of those who are told of a user's presence: `12:w:{user}`. */
export const watchersKey = (slot: number, user: string): string => `${slot}:w:${user}`;

/** Hash node id → incarnation of those who joined a large room or channel: `12:n:{room}`. */
export const roomNodesKey = (slot: number, room: string): string => `${slot}:n:${room}`;
