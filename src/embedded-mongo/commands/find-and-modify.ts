import type { Doc } from '../document.ts'
import { mongoError } from '../errors.ts'
import { compileProjection } from '../query/project.ts'
import { compileUpdate, upsertDocument } from '../query/update.ts'
import { isRetryableWrite } from '../sessions.ts'
import type { Transaction } from '../transactions/engine.ts'
import { type Call, type CommandSpec, docField, findCollection, refuseCollation, variablesOf, write } from './command.ts'
import { applyChange, collectionToWrite, updateOptions } from './write.ts'

export const findAndModify: CommandSpec = {
  fields: ['query', 'sort', 'remove', 'update', 'new', 'fields', 'upsert', 'bypassDocumentValidation', 'arrayFilters', 'hint', 'collation', 'let'],
  inTransaction: true,
  run: async (call) => {
    refuseCollation(call.command)
    const { remove, update, upsert } = call.command
    if (remove === true && update !== undefined) throw mongoError('FailedToParse', 'Cannot specify both an update and remove=true')
    if (remove === true && upsert === true) throw mongoError('FailedToParse', 'Cannot specify both upsert=true and remove=true')
    if (remove !== true && update === undefined) throw mongoError('FailedToParse', 'Either an update or remove=true must be specified')
    const retryable = !call.transaction && isRetryableWrite(call.command)
    return write(call, (transaction) => {
      const earlier = retryable ? call.store.sessions.recall(transaction, call.command).get(0) : undefined
      if (earlier) return earlier
      const answer = modify(call, transaction)
      if (retryable) call.store.sessions.remember(transaction, call.command, new Map([[0, answer]]))
      return answer
    })
  },
}

function modify(call: Call, transaction: Transaction): Doc {
  const { command, store } = call
  const filter = docField(command, 'query') ?? {}
  const fields = docField(command, 'fields')
  const project = fields && Object.keys(fields).length > 0 ? compileProjection(fields, filter) : (doc: Doc) => doc
  const collection = findCollection(call, transaction)
  const selection = { filter, sort: docField(command, 'sort'), hint: command['hint'] as string | Doc | undefined, let: variablesOf(command), limit: 1, deadline: call.deadline }
  const found = collection ? [...store.records.select(transaction, collection, selection)][0] : undefined
  if (command['remove'] === true) {
    if (found && collection) store.records.remove(transaction, collection, found)
    return { lastErrorObject: { n: found ? 1 : 0 }, value: found ? project(found.doc) : null }
  }
  const spec = command['update'] as Doc | Doc[]
  const options = updateOptions(call, command)
  const change = compileUpdate(spec, options)
  if (found && collection) {
    const changed = change.apply(found.doc, { filter, inserting: false })
    applyChange(call, transaction, collection, found, changed)
    return { lastErrorObject: { n: 1, updatedExisting: true }, value: project(command['new'] === true ? changed : found.doc) }
  }
  if (command['upsert'] !== true) return { lastErrorObject: { n: 0, updatedExisting: false }, value: null }
  const made = store.records.insert(transaction, collectionToWrite(call, transaction), upsertDocument(filter, spec, options))
  return { lastErrorObject: { n: 1, updatedExisting: false, upserted: made['_id'] }, value: command['new'] === true ? project(made) : null }
}
