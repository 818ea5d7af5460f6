import type { MongoClient } from 'mongodb'
import type { Connection } from 'mongoose'
import type { UnitOfWork } from '../../src/platform/unit-of-work.ts'

/** A write that the server itself sent, as its driver saw it leave. */
export interface SentWrite {
  command: string
  collection: string
  /** sent from within `unitOfWork.run` */
  inside: boolean
  /** belongs to an open transaction; a retryable write outside of one has a number too, so the number alone proves nothing */
  inTransaction: boolean
}

export interface WriteWatch {
  readonly sent: SentWrite[]
  /** writes of `run` that went past its transaction, taken out of the list that ends the whole test run as failed */
  takeStray(): SentWrite[]
}

const stray: SentWrite[] = []
const writes = new Set(['insert', 'update', 'delete', 'findAndModify', 'bulkWrite', 'create', 'createIndexes', 'dropIndexes', 'drop', 'dropDatabase', 'renameCollection', 'collMod'])

/** What is written inside `run` but not in its transaction would stay when the rest is rolled back: one such write fails the whole run. */
export function watchWrites(connection: Connection, unitOfWork: UnitOfWork): WriteWatch {
  const mine: SentWrite[] = []
  const sent = writesOf(connection.getClient(), unitOfWork.isInside, (write) => {
    if (!write.inside || write.inTransaction) return
    mine.push(write)
    stray.push(write)
  })
  return {
    sent,
    takeStray() {
      for (const write of mine) stray.splice(stray.indexOf(write), 1)
      return mine.splice(0)
    },
  }
}

/** Every write that a client sends from now on; it must have been made with `monitorCommands`. */
export function writesOf(client: MongoClient, isInside = () => false, heed = (_write: SentWrite) => {}): SentWrite[] {
  const sent: SentWrite[] = []
  client.on('commandStarted', ({ commandName, command }) => {
    if (!writes.has(commandName) && !(commandName === 'aggregate' && JSON.stringify(command).match(/"\$(out|merge)":/))) return
    const where = { command: commandName, inside: isInside(), inTransaction: command['txnNumber'] !== undefined && command['autocommit'] === false }
    for (const collection of collectionsOf(commandName, command)) {
      const write = { ...where, collection }
      sent.push(write)
      heed(write)
    }
  })
  return sent
}

export function expectNoStrayWrites(): void {
  if (stray.length > 0) throw new Error(`written inside run, yet outside its transaction: ${JSON.stringify(stray)}`)
}

function collectionsOf(name: string, command: Record<string, unknown>): string[] {
  if (name !== 'bulkWrite') return [String(command[name])]
  return (command['nsInfo'] as { ns: string }[]).map(({ ns }) => ns.slice(ns.indexOf('.') + 1))
}
