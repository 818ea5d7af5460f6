/** A case that is known to fail, and why. */
export interface Skip {
  /** `description` of the file. */
  file: string
  /** `description` of the case. */
  test: string
  reason: string
  /** Whose doing it is: a real server shares what is the driver's. */
  because: 'driver' | 'store'
}

export const transactionSkips: Skip[] = []

export const crudSkips: Skip[] = []
