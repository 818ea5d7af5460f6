import * as admin from './admin.ts'
import { bulkWrite } from './bulk-write.ts'
import type { CommandSpec } from './command.ts'
import { findAndModify } from './find-and-modify.ts'
import * as read from './read.ts'
import * as schema from './schema.ts'
import * as write from './write.ts'

/** Every command that is answered here. Whatever is not in this table is refused by name. */
export const commands: ReadonlyMap<string, CommandSpec> = new Map<string, CommandSpec>([
  ['hello', admin.hello],
  ['isMaster', admin.hello],
  ['ismaster', admin.hello],
  ['ping', admin.ping],
  ['buildInfo', admin.buildInfo],
  ['buildinfo', admin.buildInfo],
  ['connectionStatus', admin.connectionStatus],
  ['hostInfo', admin.hostInfo],
  ['getParameter', admin.getParameter],
  ['serverStatus', admin.serverStatus],
  ['endSessions', admin.endSessions],
  ['killSessions', admin.killSessions],
  ['killAllSessions', admin.killSessions],
  ['refreshSessions', admin.refreshSessions],
  ['configureFailPoint', admin.configureFailPoint],
  ['commitTransaction', admin.commitTransaction],
  ['abortTransaction', admin.abortTransaction],
  ['insert', write.insert],
  ['update', write.update],
  ['delete', write.remove],
  ['bulkWrite', bulkWrite],
  ['findAndModify', findAndModify],
  ['findandmodify', findAndModify],
  ['find', read.find],
  ['getMore', read.getMore],
  ['killCursors', read.killCursors],
  ['count', read.count],
  ['distinct', read.distinct],
  ['aggregate', read.aggregate],
  ['explain', read.explain],
  ['create', schema.create],
  ['drop', schema.drop],
  ['dropDatabase', schema.dropDatabase],
  ['createIndexes', schema.createIndexes],
  ['dropIndexes', schema.dropIndexes],
  ['collMod', schema.collMod],
  ['listCollections', schema.listCollections],
  ['listIndexes', schema.listIndexes],
  ['listDatabases', schema.listDatabases],
])
