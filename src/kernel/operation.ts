import type { ObjectSchema, Schema } from 'joi'
import type { Context } from './context.ts'
import type { ErrorCode } from './errors.ts'

/** A role check at the door; everything finer is policy, inside the service. */
export type Audience = 'public' | 'signed-in' | 'creator' | 'admin' | 'overlay'

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'
export type Route = `${Method} /${string}` | 'socket-only'

/** A contract's operations: name → what goes in and what comes out. */
export type OperationShapes = Record<string, { input: object; output: unknown }>

/** What a client must know to call an operation. */
export interface Reach {
  route: Route
  /** over HTTP only: for sign-in and the like, which a signed-in socket has no use for */
  door?: 'http'
  /** whether an idempotency key must, or may, come with it */
  once?: 'required' | 'optional'
  /** a write that may be sent again as it is: what is in it tells that it is the same, or it only asks */
  repeatable?: true
}

/** A contract's operations and how they are reached; the bare route says it all of most. */
export type Routes<Shapes> = { readonly [Name in keyof Shapes]: Route | Reach }

/**
 * One thing a client can ask for. Its name is the socket command, the id in the documents, the log line and the metric label; its route is
 * the same command over HTTP. A row in a table, not code: `handle` is one call of a service.
 */
export interface Operation<In = never, Out = unknown> extends Reach {
  name: string
  /** one line for the documents */
  summary: string
  audience: Audience
  /** goes on in maintenance although it writes: signing in and out, without which no admin could end it */
  in_maintenance?: true
  /** the refusals that are its own; those of the pipeline go without saying */
  errors: readonly ErrorCode[]
  /** 201 for creates */
  status?: 200 | 201
  /** how many ordinary operations one call weighs for the limits */
  cost?: number
  input: ObjectSchema<In>
  output: Schema<Out>
  handle(ctx: Context, input: In): Promise<Out>
}

/** Keeps a row's schemas, handler and contract of one mind. */
export function operation<In, Out>(row: Operation<In, Out>): AnyOperation {
  return Object.freeze(row) as unknown as AnyOperation
}

export type AnyOperation = Operation<object, unknown>

/** Where it is a socket command; nowhere when it is for HTTP only. */
export function namespaceOf({ audience, door }: Pick<AnyOperation, 'audience' | 'door'>): '/' | '/overlay' | undefined {
  if (audience === 'overlay') return '/overlay'
  return door === 'http' ? undefined : '/'
}
