// One emoji as Unicode lists them, whatever number of code points it is made of. As a string: the `v` flag is newer than the syntax we compile for.
const one = new RegExp('^\\p{RGI_Emoji}$', 'v')
const only = new RegExp('^(?:\\p{RGI_Emoji}|\\s)+$', 'v')

export function isEmoji(text: string): boolean {
  return one.test(text)
}

export function isOnlyEmoji(text: string): boolean {
  return only.test(text)
}
