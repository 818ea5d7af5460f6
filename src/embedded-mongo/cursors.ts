import { randomBytes } from 'node:crypto'
import { Long } from 'bson'
import type { Doc } from './document.ts'
import { mongoError } from './errors.ts'
import type { Transaction } from './transactions/engine.ts'
import { rawDocuments } from './wire/raw.ts'

const idleMs = 10 * 60_000
const maxCursors = 10_000
export const maxBatchBytes = 16 * 1024 * 1024
const defaultFirstBatch = 101

/** Documents as bytes, ready to be sent. */
export interface Batch {
  documents: Buffer[]
  done: boolean
}

/** Gives the next documents, up to a number; it looks at the store anew each time and holds nothing of it in between. */
export type Source = (size: number, deadline: number) => Batch

interface Cursor {
  namespace: string
  source: Source
  transaction: Transaction | undefined
  usedAt: number
}

export interface Cursors {
  open(options: { namespace: string; source: Source; batchSize: number | undefined; single: boolean; transaction: Transaction | undefined; deadline: number }): Doc
  more(id: Long, options: { namespace: string; batchSize: number | undefined; transaction: Transaction | undefined; deadline: number }): Doc
  kill(ids: readonly Long[]): { killed: Long[]; missing: Long[] }
  sweep(): void
  count(): number
}

export function createCursors(): Cursors {
  const cursors = new Map<string, Cursor>()
  return Object.freeze({ open, more, kill, sweep, count: () => cursors.size })

  function open({ namespace, source, batchSize, single, transaction, deadline }: Parameters<Cursors['open']>[0]): Doc {
    const { documents, done } = batchSize === 0 ? { documents: [], done: false } : source(batchSize ?? defaultFirstBatch, deadline)
    const id = done || single ? Long.ZERO : keep({ namespace, source, transaction, usedAt: Date.now() })
    return { firstBatch: rawDocuments(documents), id, ns: namespace }
  }

  function more(id: Long, { namespace, batchSize, transaction, deadline }: Parameters<Cursors['more']>[1]): Doc {
    const name = id.toString()
    const cursor = cursors.get(name)
    if (!cursor) throw mongoError('CursorNotFound', `cursor id ${name} not found`)
    if (cursor.namespace !== namespace) throw mongoError('Unauthorized', `Requested getMore on namespace '${namespace}', but cursor belongs to a different namespace ${cursor.namespace}`)
    if (cursor.transaction !== transaction) throw mongoError('Location50840', `Cannot run getMore on cursor ${name}, which was created in another transaction or in none`)
    cursor.usedAt = Date.now()
    try {
      const { documents, done } = cursor.source(batchSize || Number.MAX_SAFE_INTEGER, deadline)
      if (done) cursors.delete(name)
      return { nextBatch: rawDocuments(documents), id: done ? Long.ZERO : id, ns: namespace }
    } catch (error) {
      cursors.delete(name)
      throw error
    }
  }

  function kill(ids: readonly Long[]): { killed: Long[]; missing: Long[] } {
    const killed = ids.filter((id) => cursors.delete(id.toString()))
    return { killed, missing: ids.filter((id) => !killed.includes(id)) }
  }

  function sweep(): void {
    const now = Date.now()
    for (const [name, cursor] of cursors) if (now - cursor.usedAt > idleMs || (cursor.transaction && !cursor.transaction.isOpen)) cursors.delete(name)
  }

  function keep(cursor: Cursor): Long {
    if (cursors.size >= maxCursors) sweep()
    if (cursors.size >= maxCursors) throw mongoError('OperationFailed', `More than ${maxCursors} cursors are open`)
    const id = Long.fromBigInt((randomBytes(8).readBigInt64BE() & 0x7fffffffffffffffn) | 1n)
    cursors.set(id.toString(), cursor)
    return id
  }
}

/** Serves what was gathered at once. */
export function sourceOf(documents: readonly Buffer[]): Source {
  let at = 0
  return (size) => {
    const batch: Buffer[] = []
    let bytes = 0
    while (at < documents.length && batch.length < size) {
      const document = documents[at] as Buffer
      bytes += document.length
      if (batch.length > 0 && bytes > maxBatchBytes) break
      batch.push(document)
      at += 1
    }
    return { documents: batch, done: at >= documents.length }
  }
}
