/** Close codes of the WebSocket, by what a client does next (protocol.md, Close codes). */
export const closeCode = {
  goingAway: 1001,
  restart: 1012,
  noPong: 4408,
  flood: 4429,
  slowReader: 4508,
  unauthenticated: 4401,
  protocol: 4400,
  forbidden: 4403,
  tooManyConnections: 4409,
} as const;

export type CloseCode = (typeof closeCode)[keyof typeof closeCode];

/** What a client does after its socket closed. */
export type AfterClose = 'reconnect' | 'authenticate' | 'stop';

/**
 * The rule that clients obey. Unknown codes are treated like a lost connection.
 * @param received the code that the socket closed with; 1006 when there was none
 */
export function afterClose(received: number): AfterClose {
  switch (received) {
    case closeCode.unauthenticated:
      return 'authenticate';
    case closeCode.protocol:
    case closeCode.forbidden:
    case closeCode.tooManyConnections:
      return 'stop';
    default:
      return 'reconnect';
  }
}
