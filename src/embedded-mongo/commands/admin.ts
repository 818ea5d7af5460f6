import { hostname } from 'node:os'
import { Long } from 'bson'
import { type Doc, maxDocumentBytes } from '../document.ts'
import { mongoError } from '../errors.ts'
import { maxMessageBytes } from '../wire/message.ts'
import type { CommandSpec } from './command.ts'

/** The line of servers whose answers are given here. */
const version = '7.0.14'
const wireVersion = 21
export const setName = 'ovation'

export const hello: CommandSpec = {
  fields: ['helloOk', 'client', 'compression', 'hostInfo', 'topologyVersion', 'maxAwaitTimeMS', 'saslSupportedMechs', 'speculativeAuthenticate', 'loadBalanced', 'hello', 'isMaster', 'ismaster', 'backpressure'],
  run: ({ store, name }) => ({
    ...(name === 'hello' ? { isWritablePrimary: true } : { ismaster: true, helloOk: true }),
    setName,
    setVersion: 1,
    hosts: [store.address],
    primary: store.address,
    me: store.address,
    secondary: false,
    electionId: undefined,
    maxBsonObjectSize: maxDocumentBytes,
    maxMessageSizeBytes: maxMessageBytes,
    maxWriteBatchSize: 100_000,
    localTime: new Date(),
    logicalSessionTimeoutMinutes: 30,
    minWireVersion: 0,
    maxWireVersion: wireVersion,
    readOnly: false,
  }),
}

export const ping: CommandSpec = { fields: [], run: () => ({}) }

export const buildInfo: CommandSpec = {
  fields: [],
  run: () => ({ version, versionArray: version.split('.').map(Number).concat(0), gitVersion: 'embedded', modules: [], bits: 64, debug: false, maxBsonObjectSize: maxDocumentBytes, storageEngines: ['lmdb'] }),
}

export const connectionStatus: CommandSpec = { fields: ['showPrivileges'], run: () => ({ authInfo: { authenticatedUsers: [], authenticatedUserRoles: [] } }) }

export const hostInfo: CommandSpec = { fields: [], run: () => ({ system: { currentTime: new Date(), hostname: hostname() } }) }

export const getParameter: CommandSpec = {
  fields: ['featureCompatibilityVersion', 'enableTestCommands', 'authenticationMechanisms', 'requireApiVersion', 'transactionLifetimeLimitSeconds', 'allParameters'],
  run: () => ({ featureCompatibilityVersion: { version: '7.0' }, enableTestCommands: true, authenticationMechanisms: [], requireApiVersion: false, transactionLifetimeLimitSeconds: 60 }),
}

export const serverStatus: CommandSpec = {
  fields: ['repl', 'metrics', 'locks'],
  run: ({ store }) => ({ host: hostname(), version, process: 'embedded-mongo', pid: Long.fromNumber(process.pid), uptime: process.uptime(), localTime: new Date(), ovation: { ...store.storageStats(), ...store.engine.stats(), open_cursors: store.cursors.count(), garbage: store.catalog.garbage() } }),
}

export const endSessions: CommandSpec = {
  fields: [],
  run: ({ store, command }) => {
    store.sessions.endAll(command['endSessions'] as Doc[])
    return {}
  },
}

export const killSessions: CommandSpec = {
  fields: [],
  run: ({ store, command, name }) => {
    const named = command[name] as Doc[]
    store.sessions.endAll(named.length > 0 && name === 'killSessions' ? named : undefined)
    return {}
  },
}

export const refreshSessions: CommandSpec = { fields: [], run: () => ({}) }

export const configureFailPoint: CommandSpec = { fields: ['mode', 'data'], run: ({ store, command }) => store.failPoints.configure(command) }

export const commitTransaction: CommandSpec = {
  fields: ['recoveryToken'],
  run: async ({ store, command }) => {
    ensureAdmin(command)
    await store.sessions.commit(command)
    return {}
  },
}

export const abortTransaction: CommandSpec = {
  fields: ['recoveryToken'],
  run: ({ store, command }) => {
    ensureAdmin(command)
    store.sessions.abort(command)
    return {}
  },
}

function ensureAdmin(command: Doc): void {
  if (command['$db'] !== 'admin') throw mongoError('Unauthorized', 'commitTransaction and abortTransaction may only be run against the admin database.')
  if (command['autocommit'] !== false) throw mongoError('InvalidOptions', 'commitTransaction and abortTransaction belong to a multi-document transaction')
}
