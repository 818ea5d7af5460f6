import { MongoError, MongoServerError } from 'mongodb'
import type { ClientSession, MongoClient } from 'mongodb'

/** How one try at a transaction ended; `unknown` when the answer to its commit did not arrive. */
export type Outcome = 'committed' | 'aborted' | 'unknown'

/** Thrown by a body that changes its mind: what it wrote must never be seen. */
export class ChangedMind extends Error {}

/**
 * Runs the body once in a snapshot transaction and commits it. A conflict with another session is an outcome, not a failure;
 * every other error of the body or the commit is thrown.
 */
export async function attempt(client: MongoClient, body: (session: ClientSession) => Promise<void>): Promise<Outcome> {
  return client.withSession(async (session) => {
    session.startTransaction({ readConcern: { level: 'snapshot' }, writeConcern: { w: 'majority' } })
    try {
      await body(session)
    } catch (error) {
      await session.abortTransaction()
      if (error instanceof ChangedMind || isConflict(error)) return 'aborted'
      throw error
    }
    return commit(session)
  })
}

async function commit(session: ClientSession): Promise<Outcome> {
  try {
    await session.commitTransaction()
    return 'committed'
  } catch (error) {
    if (error instanceof MongoError && error.hasErrorLabel('UnknownTransactionCommitResult')) return 'unknown'
    if (isConflict(error)) return 'aborted'
    throw error
  }
}

/** Another session was first: it holds what this one wants to write (112), or the key was taken when the snapshot was drawn (11000). */
export function isConflict(error: unknown): boolean {
  return error instanceof MongoServerError && (error.code === 112 || error.code === 11000)
}
