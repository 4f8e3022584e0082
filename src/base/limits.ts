import Type, { type Static } from 'typebox';

const kib = 1024;
const mib = 1024 * kib;
const day = 24 * 60 * 60 * 1000;

const bound = (value: number, description: string) => ({
  ...Type.Integer({ minimum: 0, description }),
  default: value,
});

/**
 * Every bound of the server, in one place. Names carry their unit; 0 means none.
 * Clients receive this object from `session.authenticate` and `server.info`.
 */
export const LimitsSchema = Type.Object({
  maxFrameBytes: bound(64 * kib, 'one WebSocket text frame'),
  maxBodyBytes: bound(1 * mib, 'one HTTP request body'),
  maxCallBytes: bound(64 * kib, 'one call inside an HTTP body'),
  maxAnswerBytes: bound(1 * mib, 'one answer'),
  maxBatchCalls: bound(50, 'calls in one batch'),
  maxDepth: bound(32, 'nesting of a JSON text'),
  maxHeaderBytes: bound(4 * kib, 'all headers of one HTTP request'),
  maxInFlightCalls: bound(64, 'calls of one connection that are not answered yet'),
  maxRunningCalls: bound(2_000, 'calls that run at once on one node; others wait their turn'),
  maxQueuedCalls: bound(10_000, 'calls that wait for their turn on one node'),
  maxEventLoopLagMs: bound(200, 'event-loop lag above which new calls are refused as overloaded'),
  deadlineMs: bound(30_000, 'life of a call, unless its caller asks for less'),
  callsPerSecond: bound(100, 'calls a second of one connection, over HTTP of one identity'),
  callsBurst: bound(200, 'calls at once of one connection, over HTTP of one identity'),
  apiKeyCallsPerSecond: bound(10_000, 'calls a second under one API key'),
  maxConnectionsPerUser: bound(100, 'connections of one user'),
  maxUnauthenticatedPerAddress: bound(200, 'connections of one address without an identity'),
  maxPresenceSubscriptions: bound(1_000, 'users watched by one connection'),
  maxRoomSubscriptions: bound(128, 'channels watched by one connection'),
  maxOutboundBytes: bound(1 * mib, 'bytes waiting for one slow reader before it is closed (4508)'),
  idleTimeoutMs: bound(60_000, 'silence, pings unanswered, before a connection is closed (4408)'),
  authTimeoutMs: bound(10_000, 'time for a WebSocket to authenticate before it is closed (4401)'),
  expiryNoticeMs: bound(60_000, 'how long before expiry session.expiring is sent'),
  drainMs: bound(10_000, 'time over which a draining node spreads its clients'),
  maxIdBytes: bound(128, 'ids of users, rooms, groups and calls, and keys, in UTF-8'),
  maxTextCodePoints: bound(4_096, 'text of a message'),
  maxTitleCodePoints: bound(200, 'title of a room or group'),
  maxHistoryPage: bound(500, 'messages or events in one page'),
  maxPollMs: bound(25_000, 'waitMs of feed.read'),
  maxUsersPerCall: bound(500, 'users in one call that adds members'),
  maxImportUsers: bound(300, 'rows in one user.import'),
  maxRoomsPerUser: bound(10_000, 'rooms of one user'),
  maxMembers: bound(100_000, 'members of one room'),
  feedFanoutLimit: bound(512, 'members above which a room is large and stands outside the feeds'),
  feedEntries: bound(10_000, 'entries that one feed keeps'),
  feedAgeMs: bound(7 * day, 'age of entries that one feed keeps'),
  keyWindowMs: bound(60 * 60 * 1000, 'time in which a key names the call that it came with'),
  maxReceiptMembers: bound(32, 'members of a room above which message.receipt is not sent'),
  presenceGraceMs: bound(3_000, 'time a lost connection has to come back before offline is told'),
  typingIntervalMs: bound(3_000, 'shortest time between two typing signals that are passed on'),
}, { additionalProperties: false });

export type Limits = Static<typeof LimitsSchema>;

const defaults: Record<string, number> = {};
for (const [name, schema] of Object.entries(LimitsSchema.properties)) {
  defaults[name] = schema.default;
}

/** The limits as shipped; every one is listed in {@link LimitsSchema} with its meaning. */
export const defaultLimits: Readonly<Limits> = Object.freeze(defaults as Limits);

/**
 * The shipped limits with some changed.
 * @param changes names of {@link LimitsSchema} with their new values; 0 switches a bound off
 * @throws RangeError for a name that does not exist or a value that is no whole number ≥ 0
 */
export function limitsWith(changes: Readonly<Record<string, number>>): Limits {
  const limits: Record<string, number> = { ...defaultLimits };
  for (const [name, value] of Object.entries(changes)) {
    if (!Object.hasOwn(defaultLimits, name)) {
      throw new RangeError(`no limit is called ${name}; see ringpost serve --help limits`);
    }
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new RangeError(`limit ${name} must be a whole number, 0 for none; got ${value}`);
    }
    limits[name] = value;
  }
  return limits as Limits;
}
