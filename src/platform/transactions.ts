import type { AsyncLocalStorage } from 'node:async_hooks'
import type { ClientSession, Connection } from 'mongoose'

/** Where Mongoose looks for the session of the transaction that it is called in; its option `transactionAsyncLocalStorage` makes it. */
type Sessions = AsyncLocalStorage<{ session: ClientSession }>

const openIn = new WeakMap<Sessions, number>()

/**
 * One transaction over one snapshot: everything that Mongoose does in `work` is part of it. `work` may run again after a conflict.
 *
 * Up to Node 22 a storage that was entered once makes each native callback of the process dearer by a microsecond, and telling a message to
 * thousands is little else. So it is out of use while no transaction is open, and comes back with the next one.
 */
export async function inTransaction(connection: Connection, work: (session: ClientSession) => Promise<void>): Promise<void> {
  const sessions = sessionsOf(connection)
  openIn.set(sessions, (openIn.get(sessions) ?? 0) + 1)
  try {
    await connection.transaction(work, { readConcern: { level: 'snapshot' }, writeConcern: { w: 'majority', journal: true }, readPreference: 'primary' })
  } finally {
    const open = (openIn.get(sessions) as number) - 1
    openIn.set(sessions, open)
    // Whoever is left without a transaction, and still runs, would write past it: only the last one out may do this.
    if (open === 0) sessions.disable()
  }
}

/** Of the transaction that the caller is in. */
export function sessionOf(connection: Connection): ClientSession | undefined {
  return sessionsOf(connection).getStore()?.session
}

function sessionsOf(connection: Connection): Sessions {
  return (connection.base as unknown as { transactionAsyncLocalStorage: Sessions }).transactionAsyncLocalStorage
}
