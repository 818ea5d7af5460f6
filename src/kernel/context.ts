export type Role = 'fan' | 'creator' | 'admin'

export type Actor =
  | { kind: 'anonymous' }
  | { kind: 'user'; user_id: string; role: Role; session_id: string; /** of the account when the token was issued */ epoch: number }
  | { kind: 'overlay'; overlay_id: string; creator_id: string; /** of the link that let it in */ epoch: number }
  | { kind: 'system'; name: string }

export interface Logger {
  debug(fields: object, message?: string): void
  info(fields: object, message?: string): void
  warn(fields: object, message?: string): void
  error(fields: object, message?: string): void
}

/** Who asks, through which door, and under which idempotency key. One is made for each request, socket command and background step. */
export interface Context {
  readonly actor: Actor
  readonly request_id: string
  readonly door: 'http' | 'socket' | 'system'
  /** the client's address, as limits count it; empty for the system */
  readonly address: string
  /** what the client says that it is: a browser's User-Agent */
  readonly agent?: string
  /** the live socket that asks, when one does */
  readonly socket_id?: string
  /** lets that socket live on until then, with a newer token of the same sign-in */
  readonly renew?: (until: Date) => void
  /** that socket's company, for operations that let it in or out of a room */
  readonly rooms?: OwnRooms
  readonly log: Logger
  /** filled by `invoke` when the operation takes a key */
  once?: Once
}

/** The rooms of the socket that asks. Only the server moves a socket; who is in a room is told what is sent there. */
export interface OwnRooms {
  /** @throws AppError `busy` when one connection is in too many */
  join(room: string): Promise<void>
  leave(room: string): Promise<void>
}

/** One idempotency key in use. `replayed` turns true when the stored answer was given instead of a new effect. */
export interface Once {
  readonly row_id: string
  readonly request_hash: string
  replayed: boolean
  /** whether a row of it was there at the last look */
  known?: boolean
  /** set once the intent of a staged operation is stored: the next `run` answers it */
  staged?: boolean
  /** until when this call alone works on its staged operation */
  lease_until?: Date
}

export function systemContext(name: string, requestId: string, log: Logger): Context {
  return { actor: { kind: 'system', name }, request_id: requestId, door: 'system', address: '', log }
}

/** The name under which limits, idempotency keys and entries count an actor. */
export function principalOf(actor: Actor): string {
  switch (actor.kind) {
    case 'user':
      return actor.user_id
    case 'overlay':
      return actor.overlay_id
    case 'system':
      return `system:${actor.name}`
    case 'anonymous':
      return 'anonymous'
  }
}
