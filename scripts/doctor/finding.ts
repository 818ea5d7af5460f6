export type Level = 'ok' | 'warn' | 'fail'

export interface Finding {
  level: Level
  check: string
  detail: string
  /** what to do about it, in one line; absent when all is well */
  remedy?: string
}

export function ok(check: string, detail: string): Finding {
  return { level: 'ok', check, detail }
}

export function warn(check: string, detail: string, remedy: string): Finding {
  return { level: 'warn', check, detail, remedy }
}

export function bad(check: string, detail: string, remedy: string): Finding {
  return { level: 'fail', check, detail, remedy }
}

export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  const { code } = error as NodeJS.ErrnoException
  return typeof code === 'string' ? code : error.message.slice(0, 200)
}
