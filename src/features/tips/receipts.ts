import { createHmac, timingSafeEqual } from 'node:crypto'

export type Receipts = ReturnType<typeof createReceipts>

/** What a guest holds instead of an account: a payment's id with our mark on it. Nothing of it is stored. */
export function createReceipts([key, ...former]: readonly Buffer[]) {
  return Object.freeze({ of, read })

  function of(paymentId: string): string {
    return `${paymentId}.${macOf(key as Buffer, paymentId).toString('base64url')}`
  }

  /** Undefined for whatever is not a receipt of ours. */
  function read(receipt: string): string | undefined {
    const [paymentId = '', mac = ''] = receipt.split('.')
    const given = Buffer.from(mac, 'base64url')
    const isOurs = [key as Buffer, ...former].some((each) => {
      const expected = macOf(each, paymentId)
      return given.length === expected.length && timingSafeEqual(given, expected)
    })
    return isOurs ? paymentId : undefined
  }
}

function macOf(key: Buffer, paymentId: string): Buffer {
  return createHmac('sha256', key).update(paymentId).digest()
}
