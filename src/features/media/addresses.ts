import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Wall } from '../../kernel/clock.ts'
import { ensure } from '../../kernel/errors.ts'
import type { MediaAddress } from './contract.ts'
import type { MediaRow, Variant } from './model.ts'

const lifeSeconds = 300

export interface Visit {
  media_id: string
  variant: Variant
  user_id: string
}

export type Addresses = ReturnType<typeof createAddresses>

/**
 * Addresses that pages can put into an `<img>`, which sends no token: each is signed for one person, one file and five minutes. Who may read
 * it is asked when it is made, and again whenever it is used.
 */
export function createAddresses({ keys, wall }: { keys: readonly Buffer[]; wall: Wall }) {
  return Object.freeze({ sign, verify })

  function sign(userId: string, row: Pick<MediaRow, '_id' | 'files'>): MediaAddress {
    const expires = Math.floor(wall.now().getTime() / 1000) + lifeSeconds
    const urlOf = (variant: Variant): string => {
      const visit = { media_id: row._id, variant, user_id: userId }
      return `/media/${row._id}/${variant}?${new URLSearchParams({ user: userId, expires: String(expires), signature: signatureOf(keys[0] as Buffer, visit, expires).toString('base64url') }).toString()}`
    }
    const thumbnail_url = row.files.some((each) => each.variant === 'thumbnail') ? urlOf('thumbnail') : null
    return { media_id: row._id, url: urlOf('original'), thumbnail_url, expires_at: new Date(expires * 1000).toISOString() }
  }

  /** @returns how many seconds it is still good. @throws AppError `forbidden` */
  function verify(visit: Visit, { expires, signature }: { expires: string; signature: string }): number {
    ensure(/^\d{1,12}$/.test(expires), 'forbidden', 'This address was not made here')
    const given = Buffer.from(signature, 'base64url')
    const isGood = keys.some((key) => {
      const right = signatureOf(key, visit, Number(expires))
      return given.length === right.length && timingSafeEqual(given, right)
    })
    // Of several spellings of the same bytes, one was signed.
    ensure(isGood && given.toString('base64url') === signature, 'forbidden', 'This address was not made here')
    const left = Number(expires) - wall.now().getTime() / 1000
    ensure(left > 0 && left <= lifeSeconds + 1, 'forbidden', 'This address has expired')
    return Math.floor(left)
  }
}

function signatureOf(key: Buffer, { media_id, variant, user_id }: Visit, expires: number): Buffer {
  return createHmac('sha256', key).update([media_id, variant, user_id, expires].join('\n')).digest()
}
