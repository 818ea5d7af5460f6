import { sourceOf } from '../cursors.ts'
import { type Doc, encode } from '../document.ts'
import { mongoError } from '../errors.ts'
import type { Transaction } from '../transactions/engine.ts'
import { asArray, type Call, type CommandSpec, numberField, docField, writeInto } from './command.ts'
import { type Done, ensureBatch, insertOne, removeOne, runStatements, sum, updateOne } from './write.ts'

const namespace = 'admin.$cmd.bulkWrite'

/** One statement with what it is and where it goes. */
interface Operation {
  kind: 'insert' | 'update' | 'delete'
  target: Call
  statement: Doc
}

/** Writes into several collections at once, as MongoDB 8 has it. */
export const bulkWrite: CommandSpec = {
  fields: ['ops', 'nsInfo', 'ordered', 'errorsOnly', 'bypassDocumentValidation', 'cursor', 'let'],
  inTransaction: true,
  run: async (call) => {
    if (call.database !== 'admin') throw mongoError('Unauthorized', 'bulkWrite may only be run against the admin database.')
    const ops = asArray(call.command['ops'], 'ops')
    ensureBatch(ops)
    const targets = asArray(call.command['nsInfo'], 'nsInfo').map((each) => targetOf(call, each))
    const operations = new Map(ops.map((op) => [op, operationOf(op, targets)]))
    const namespaces = [...new Set(targets.map(({ database, command }) => `${database}.${String(command['bulkWrite'])}`))]
    const { done, errors } = await writeInto(namespaces, call, (transaction) => runStatements(call, transaction, ops, (op) => run(operations.get(op) as Operation, transaction)))
    const of = (kind: Operation['kind']) => done.filter(({ index }) => operations.get(ops[index] as Doc)?.kind === kind)
    const upserts = done.filter((each) => each.upserted !== undefined).length
    const failed = errors.map(({ index, ...error }): Doc => ({ ok: 0, idx: index, n: 0, ...error }))
    const shown = call.command['errorsOnly'] === true ? failed : [...done.map(shownDone), ...failed].toSorted((a, b) => Number(a['idx']) - Number(b['idx']))
    const batchSize = numberField(docField(call.command, 'cursor') ?? {}, 'batchSize')
    return {
      cursor: call.store.cursors.open({ namespace, source: sourceOf(shown.map(encode)), batchSize, single: false, transaction: call.transaction, deadline: call.deadline }),
      nErrors: errors.length,
      nInserted: sum(of('insert'), 'n'),
      nMatched: sum(of('update'), 'n') - upserts,
      nModified: sum(of('update'), 'nModified'),
      nUpserted: upserts,
      nDeleted: sum(of('delete'), 'n'),
    }
  },
}

/** The call as it would be if it were for this one collection. */
function targetOf(call: Call, info: Doc): Call {
  const ns = info['ns']
  const cut = typeof ns === 'string' ? ns.indexOf('.') : -1
  if (cut <= 0) throw mongoError('InvalidNamespace', `Invalid namespace specified '${String(ns)}'`)
  const [database, collection] = [(ns as string).slice(0, cut), (ns as string).slice(cut + 1)]
  return { ...call, database, command: { bulkWrite: collection, ...(call.command['let'] === undefined ? {} : { let: call.command['let'] }) } }
}

function operationOf(op: Doc, targets: readonly Call[]): Operation {
  const kind = (['insert', 'update', 'delete'] as const).find((each) => op[each] !== undefined)
  const target = kind && targets[Number(op[kind])]
  if (!target) throw mongoError('BadValue', `BulkWrite ops entry names no collection of nsInfo: ${Object.keys(op).join(', ')}`)
  const { [kind]: _target, ...rest } = op
  return { kind, target, statement: statementOf(kind, rest) }
}

/** The same in the words of the single commands, which know what is allowed. */
function statementOf(kind: Operation['kind'], { document, filter, updateMods, constants, multi, ...rest }: Doc): Doc {
  if (kind === 'insert') return document as Doc
  if (kind === 'delete') return { ...rest, q: filter, limit: multi === true ? 0 : 1 }
  return { ...rest, q: filter, u: updateMods, multi, ...(constants === undefined ? {} : { c: constants }) }
}

function run({ kind, target, statement }: Operation, transaction: Transaction): Done {
  if (kind === 'insert') return insertOne(target, transaction, statement)
  return kind === 'update' ? updateOne(target, transaction, statement) : removeOne(target, transaction, statement)
}

function shownDone({ index, n, nModified, upserted }: Done & { index: number }): Doc {
  return { ok: 1, idx: index, n, ...(nModified === undefined ? {} : { nModified }), ...(upserted === undefined ? {} : { upserted: { _id: upserted } }) }
}
