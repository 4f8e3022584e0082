import Type from 'typebox';
import { compact } from '../../base/compact.js';
import { defaultLimits, LimitsSchema } from '../../base/limits.js';
import { closeCode, type CloseCode } from '../../rpc/close.js';
import { code, RpcError } from '../../rpc/errors.js';
import { defineMethod } from '../../rpc/method.js';
import type { Chat } from '../chat.js';
import { publicUrls } from '../node-urls.js';
import { At, strict, UserId } from '../schemas.js';

/** How the socket ends after a refusal that trying again can't mend. */
function closeOf(error: unknown): CloseCode | undefined {
  if (!(error instanceof RpcError)) return undefined;
  if (error.data.limit === 'maxConnectionsPerUser') return closeCode.tooManyConnections;
  const { reason } = error.data;
  return reason === 'blocked' || reason === 'inactive' || reason === 'revoked'
    ? closeCode.forbidden : undefined;
}

/**
 * Signs the session in with a token, or puts a fresh token in the place of one of the same user.
 * Over plain HTTP it says what the token is worth and changes nothing.
 */
export const sessionAuthenticate = defineMethod<Chat>()({
  name: 'session.authenticate',
  summary: 'Signs this connection in; again with the same user: refreshes its token.',
  params: strict({
    token: Type.String({ minLength: 1, description: 'a JWT, or an API key' }),
    deadlineMs: Type.Optional(Type.Integer({
      minimum: 1, description: 'lifetime of this connection\'s calls, if shorter than the limit',
    })),
  }),
  result: strict({
    user: UserId,
    role: Type.String(),
    expiresAt: Type.Union([At, Type.Null()], { description: 'null: never' }),
    session: Type.Optional(Type.String({ description: 'absent over plain HTTP' })),
    node: Type.String(),
    nodes: Type.Array(Type.String(), { description: 'public URLs of all live nodes' }),
    limits: LimitsSchema,
  }),
  access: 'none',
  errors: [
    { code: code.unauthenticated, reason: 'invalid', when: 'the token is no good' },
    { code: code.unauthenticated, reason: 'expired', when: 'the token has expired' },
    { code: code.unauthenticated, reason: 'revoked', when: 'the token was revoked' },
    { code: code.forbidden, reason: 'other_user', when: 'another user is signed in here' },
    { code: code.forbidden, reason: 'blocked', when: 'the user is blocked' },
    { code: code.forbidden, reason: 'inactive', when: 'the user is not active' },
    { code: code.rateLimited, reason: 'too_many_connections', when: 'of this user' },
  ],
  example: {
    params: { token: 'Simon' },
    result: {
      user: 'Simon', role: 'user', expiresAt: null, session: '2vTS3hxZ9dKJr0vYgQhZ1A',
      node: 'one', nodes: ['http://127.0.0.1:8080/rpc'], limits: defaultLimits,
    },
  },
  async handler(call, { token, deadlineMs }) {
    const { app, session, limits } = call;
    const identity = await app.verify(token);
    let allowed = await app.people.admit(identity);
    if (session.canPush) {
      try {
        await app.people.signIn(session, identity);
      } catch (error) {
        const close = closeOf(error);
        if (close !== undefined) {
          call.afterAnswer(() => session.close(close, (error as RpcError).data.reason));
        }
        throw error;
      }
      allowed = session.identity ?? allowed;
      if (deadlineMs !== undefined) session.deadlineMs = deadlineMs;
    }
    const { expiresAt } = identity;
    return compact({
      user: allowed.user,
      role: allowed.role,
      expiresAt: Number.isFinite(expiresAt) ? Math.trunc(expiresAt) : null,
      session: session.canPush ? session.id : undefined,
      node: app.membership.node,
      nodes: await publicUrls(app),
      limits,
    });
  },
});
