/** JSON-RPC 2.0 by itself: methods, dispatch, sessions. Knows no chat word; usable alone. */
export { afterClose, closeCode, type AfterClose, type CloseCode } from './close.js';
export { createDispatcher, type DispatcherOptions } from './dispatch.js';
export type { Dispatcher, Received } from './dispatcher.js';
export {
  RpcError, busy, code, errorMessage, invalidParams, notFound, unauthenticated,
  type ErrorCode, type ErrorData,
} from './errors.js';
export type { SessionHost } from './host.js';
export type { Identity, TokenVerifier } from './identity.js';
export {
  AnsweredError, LocalSession, LocalTopics, connectLocal, type LocalOptions,
} from './local.js';
export type { MapError } from './map-error.js';
export {
  defineEvent, defineMethod, type Call, type EventSpec, type Interceptor, type Method,
  type MethodError, type MethodExample,
} from './method.js';
export type { OpenRpcDocument, ServiceInfo } from './openrpc.js';
export {
  healthPage, metricsPage, readyPage, type Page, type PageHandler, type PageRequest, type Readiness,
} from './pages.js';
export { Registry } from './registry.js';
export {
  createPageServer, createRpcServer, type ListenOptions, type RpcServer, type RpcServerOptions,
} from './rpc-server.js';
export { SessionBase } from './session-base.js';
export type { SendOutcome, Session, TopicPublisher, TransportName } from './session.js';
