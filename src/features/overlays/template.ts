export interface TemplatePart {
  kind: 'text' | 'name' | 'amount' | 'message'
  text: string
}

/**
 * A template's text with the values in its places, as parts: whoever draws them puts each in as text. Values are never read as templates,
 * and a place that nobody knows stays as it was written.
 */
export function fillTemplate(template: string, values: Readonly<Record<'name' | 'amount' | 'message', string>>): TemplatePart[] {
  return template
    .split(/(\{name\}|\{amount\}|\{message\})/)
    .map((piece): TemplatePart => {
      const kind = piece.slice(1, -1)
      return (kind === 'name' || kind === 'amount' || kind === 'message') && piece === `{${kind}}` ? { kind, text: values[kind] } : { kind: 'text', text: piece }
    })
    .filter((part) => part.text !== '')
}
