/** The error labels that MongoDB's server gives, by its own rules; drivers decide by them what to run again. */

// The primary changed, is ending, or the network broke in between: nothing is wrong with the command itself.
const retriable = new Set([6, 7, 89, 91, 134, 189, 262, 9001, 10058, 10107, 11600, 11602, 13435, 13436])
const transient = new Set([24, 112, 246, 267])

export interface Situation {
  command: string
  inTransaction: boolean
  isRetryableWrite: boolean
}

export function labelsOf(code: number, { command, inTransaction, isRetryableWrite }: Situation): string[] {
  const ending = command === 'commitTransaction' || command === 'abortTransaction'
  const labels: string[] = []
  if (inTransaction && (transient.has(code) || code === 251 || (!ending && retriable.has(code)))) labels.push('TransientTransactionError')
  if ((isRetryableWrite || ending) && retriable.has(code)) labels.push('RetryableWriteError')
  return labels
}

export function isRetriable(code: number): boolean {
  return retriable.has(code)
}
