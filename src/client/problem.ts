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
  return { type: '/problems/network', title: 'No answer came', status: 0, code: 'network' }
}

/** The same request may go through in a moment. */
export function isWorthRepeating({ code, status }: ClientProblem): boolean {
  return status === 0 || code === 'retry' || code === 'in-progress' || code === 'rate-limited'
}
