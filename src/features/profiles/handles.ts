export const handlePattern = /^[a-z0-9_]{3,30}$/
export const tagPattern = /^[a-z0-9-]{2,24}$/

/** Words that are, or could become, an address of ours, or that would let somebody pose as the house. */
const reserved = new Set(
  (
    'about account accounts admin administrator admins anonymous api app assets auth billing blocks blog bot calls careers checkout community contact conversations ' +
    'creator creators dashboard deleted docs everyone explore fan fans feed follow followers follows help home inbox jobs legal live login logout mail me media ' +
    'messages moderator moderators mutes news notifications null official overlay overlays ovation owner payments payouts people ping posts press pricing privacy ' +
    'problems profile profiles public readyz register reports root sandbox search security settings sign_in sign_out sign_up staff static status studio support ' +
    'system team terms tips trending undefined user users verified wallet wallets webhook webhooks www'
  ).split(' '),
)

const maxLength = 30
const suffixLength = 7

export function isReserved(handle: string): boolean {
  return reserved.has(handle)
}

/**
 * A handle made from a name. `suffix` sets apart those who share one, and makes a handle of a name that has no Latin letter in it.
 * @returns undefined when the name alone makes none
 */
export function handleFrom(name: string, suffix?: string): string | undefined {
  const base = name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
  if (suffix !== undefined) return `${base.slice(0, maxLength - suffixLength).replace(/_+$/, '') || 'creator'}_${suffix}`
  const handle = base.slice(0, maxLength).replace(/_+$/, '')
  return handlePattern.test(handle) && !isReserved(handle) ? handle : undefined
}
