import type { Problem } from '../kernel/errors.ts'

/** `status` 0 and code `network`: no answer came, so nobody knows what was done. */
export type ClientProblem = Omit<Problem, 'code'> & { code: Problem['code'] | 'network' }

export class ClientError extends Error {
  override readonly name = 'ClientError'
  readonly problem: ClientProblem

  constructor(problem: ClientProblem) {
    super(problem.detail ?? problem.title)
    this.problem = problem
  }
}

export function asProblem(error: unknown): ClientProblem {
  if (error instanceof ClientError) return error.problem
  return isProblem(error) ? error : noAnswer()
}

export function noAnswer(detail?: string): ClientProblem {
  return { type: '/problems/network', title: 'No answer came', status: 0, code: 'network', ...(detail ? { detail } : {}) }
}

/** Something between us and the server may answer in its place, with a page or with JSON of its own. */
export function isProblem(body: unknown): body is Problem {
  return typeof body === 'object' && body !== null && 'code' in body && typeof body.code === 'string' && 'status' in body && typeof body.status === 'number'
}

/** It was surely not done, and may go through in a moment. */
export function isForLater({ code }: ClientProblem): boolean {
  return code === 'retry' || code === 'in-progress' || code === 'rate-limited'
}
