// The package's public names: a server to run or to embed, and what extends it.
export { createServer, type Server } from './server.js';
export type { ApiKeyOption, ServerOptions } from './options.js';
export { SettingsError } from './config.js';

export { defineEvent, defineMethod } from './rpc/method.js';
export type {
  Call, EventSpec, Interceptor, Method, MethodError, MethodExample,
} from './rpc/method.js';
export { busy, code, invalidParams, notFound, RpcError, unauthenticated } from './rpc/errors.js';
export type { ErrorCode, ErrorData } from './rpc/errors.js';
export { afterClose, closeCode, type AfterClose, type CloseCode } from './rpc/close.js';
export type { Identity, TokenVerifier } from './rpc/identity.js';
export type { Session } from './rpc/session.js';
export type { Page, PageHandler, PageRequest } from './rpc/pages.js';

export { openPolicy, type Policy, type RoleRules } from './chat/access/policy.js';
export type { Chat } from './chat/chat.js';

export { createVerifier, signToken } from './auth/index.js';
export type { TokenContent, VerifierOptions } from './auth/index.js';
export { defaultLimits, type Limits } from './base/limits.js';
export { createLogger, type Logger, type LogOptions } from './base/log.js';
export { systemClock, type Clock } from './base/clock.js';
export { loggedAlerts, webhookAlerts, type Alert, type Alerts } from './base/alerts.js';
export { roomKey, userKey, type RoomKey, type UserKey } from './base/ids.js';
