const maxLength = 120
/** what Windows takes for a device, with any extension */
const reserved = /^(con|prn|aux|nul|com\d|lpt\d)(?=\.|$)/i
/** control characters, and what turns or hides the letters around it */
const unseen = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\ufff0-\ufffb\ud800-\udfff]|[\u{e0000}-\u{e007f}]/gu

/** A name for people to read and to save under: the last part of what was sent, without anything that a system or an eye takes for something else. */
export function cleanName(sent: string, extension?: string): string {
  const last = sent.normalize('NFC').split(/[/\\]/).at(-1) ?? ''
  const plain = last.replaceAll(unseen, '').replaceAll(/[<>:"|?*]/g, '_').trim().replace(/^\.+/, '').replace(/[. ]+$/, '').replace(reserved, '_$1')
  const dot = plain.lastIndexOf('.')
  const [stem, own] = dot > 0 ? [plain.slice(0, dot), plain.slice(dot + 1)] : [plain, '']
  const ending = (extension ?? own).slice(0, 16)
  const kept = Array.from(stem || 'file').slice(0, maxLength - ending.length).join('')
  return ending ? `${kept}.${ending}` : kept
}

/** RFC 6266: an ASCII name for the old, the whole one for everybody else. */
export function dispositionOf(type: 'inline' | 'attachment', name: string): string {
  const ascii = name.replaceAll(/[^\x20-\x7e]|["\\%]/g, '_')
  const whole = encodeURIComponent(name).replaceAll(/['()*]/g, (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`)
  return `${type}; filename="${ascii}"; filename*=UTF-8''${whole}`
}
