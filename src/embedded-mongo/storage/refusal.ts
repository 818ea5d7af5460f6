/** The store can't be opened, or must not be: says which file and what to do. Exit codes as sysexits.h names them. */
export class StoreRefused extends Error {
  override readonly name = 'StoreRefused'
  readonly exitCode: number

  constructor(message: string, exitCode: 75 | 78 | 74 = 78) {
    super(message)
    this.exitCode = exitCode
  }
}

export const exitLocked = 75
