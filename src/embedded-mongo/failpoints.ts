import type { Doc } from './document.ts'
import { type CodeName, errorCodes, MongoError, mongoError } from './errors.ts'

/** What a fail point makes of one command. */
export interface Failure {
  closeConnection: boolean
  blockMs: number
  error?: MongoError
  /** the labels were given: none is worked out */
  labels: string[] | undefined
  writeConcernError?: Doc
}

interface FailPoint {
  data: Doc
  /** how often it still strikes; infinite for alwaysOn */
  left: number
  skip: number
  /** of striking a command that it could */
  probability: number
}

export interface FailPoints {
  configure(command: Doc): Doc
  strike(command: string, appName: string, namespace: string): Failure | undefined
}

const known = new Set(['failCommands', 'errorCode', 'errorLabels', 'errorExtraInfo', 'closeConnection', 'blockConnection', 'blockTimeMS', 'writeConcernError', 'appName', 'namespace', 'failInternalCommands'])

/** MongoDB's `failCommand`, with which drivers test themselves, and this product its own behaviour in trouble. */
export function createFailPoints(): FailPoints {
  let active: FailPoint | undefined
  return Object.freeze({ configure, strike })

  function configure(command: Doc): Doc {
    if (command['configureFailPoint'] !== 'failCommand') throw mongoError('BadValue', `There is no fail point ${String(command['configureFailPoint'])}`)
    const mode = command['mode']
    if (mode === 'off') {
      active = undefined
      return {}
    }
    const data = (command['data'] ?? {}) as Doc
    const unknown = Object.keys(data).find((each) => !known.has(each))
    if (unknown) throw mongoError('BadValue', `The fail point's data has an unknown field: ${unknown}`)
    if (mode === 'alwaysOn') active = { data, left: Number.POSITIVE_INFINITY, skip: 0, probability: 1 }
    else if (typeof mode === 'object' && mode !== null && ('times' in mode || 'skip' in mode)) {
      const { times, skip } = mode as { times?: unknown; skip?: unknown }
      active = { data, left: times === undefined ? Number.POSITIVE_INFINITY : Number(times), skip: Number(skip ?? 0), probability: 1 }
    } else if (typeof mode === 'object' && mode !== null && 'activationProbability' in mode) {
      const probability = Number((mode as { activationProbability: unknown }).activationProbability)
      if (!(probability >= 0 && probability <= 1)) throw mongoError('BadValue', 'activationProbability must be between 0 and 1')
      active = { data, left: Number.POSITIVE_INFINITY, skip: 0, probability }
    } else throw mongoError('BadValue', 'The mode of a fail point must be off, alwaysOn, {times}, {skip} or {activationProbability}')
    return {}
  }

  function strike(command: string, appName: string, namespace: string): Failure | undefined {
    if (!active || !names(active.data).includes(command)) return undefined
    if (active.data['appName'] !== undefined && active.data['appName'] !== appName) return undefined
    if (active.data['namespace'] !== undefined && active.data['namespace'] !== namespace) return undefined
    if (active.skip > 0) {
      active.skip -= 1
      return undefined
    }
    if (active.left <= 0 || Math.random() >= active.probability) return undefined
    active.left -= 1
    return failureOf(active.data)
  }
}

function names(data: Doc): unknown[] {
  return (data['failCommands'] as unknown[] | undefined) ?? []
}

function failureOf(data: Doc): Failure {
  const labels = data['errorLabels'] as string[] | undefined
  const writeConcernError = data['writeConcernError'] as Doc | undefined
  return {
    closeConnection: data['closeConnection'] === true,
    blockMs: data['blockConnection'] === true ? Number(data['blockTimeMS'] ?? 0) : 0,
    labels,
    ...(data['errorCode'] === undefined ? {} : { error: errorOf(Number(data['errorCode']), labels ?? []) }),
    ...(writeConcernError ? { writeConcernError } : {}),
  }
}

function errorOf(code: number, labels: string[]): MongoError {
  const codeName = Object.entries(errorCodes).find(([, each]) => each === code)?.[0] ?? `Location${code}`
  return new MongoError({ code, codeName: codeName as CodeName, message: 'Failing command via \'failCommand\' failpoint', labels, info: undefined })
}
