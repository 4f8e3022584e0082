import { RpcError } from '../rpc/errors.js';
import type { SessionHost } from '../rpc/host.js';
import type { Session } from '../rpc/session.js';
import type { Chat, FeedOpened, Hub } from './chat.js';
import { stateOf } from './room-rows.js';
import { userKey } from '../base/ids.js';

/**
 * Opens the feed of an event stream where its last event left off. Where it can't go on from
 * there, or was never a place in this feed, the first event is a `feed.reset` with the state to
 * start from (G4).
 */
export const streamOpener = (
  hub: Pick<Hub, 'openFeed'>, app: Pick<Chat, 'clock' | 'store' | 'limits'>,
): SessionHost['streamOpened'] => async (session, lastEventId) => {
  let start = (): void => undefined;
  const afterAnswer = (run: () => void): void => { start = run; };
  const open = (since: string | undefined): Promise<FeedOpened> =>
    hub.openFeed(session, { afterAnswer, ...(since !== undefined && { since }) });
  const opened = await open(lastEventId).catch(async (error: unknown): Promise<FeedOpened> => {
    if (lastEventId === undefined || !(error instanceof RpcError)
      || error.data.reason !== 'malformed') throw error;
    const { cursor } = await open(undefined);
    return { cursor, recovered: false, state: await stateFor(session, app) };
  });
  if (!opened.recovered) {
    const { cursor, state } = opened;
    const params = JSON.stringify({ at: app.clock.now(), cursor, state });
    session.notify('feed.reset', params, cursor);
  }
  start();
};

function stateFor(
  session: Session, app: Pick<Chat, 'store' | 'limits'>,
): ReturnType<typeof stateOf> {
  const { identity } = session;
  if (identity === undefined) throw new Error('an event stream without an identity');
  const user = userKey(identity.tenant, identity.user);
  return stateOf(app.store, user, app.limits.maxAnswerBytes);
}
