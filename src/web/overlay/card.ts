import type { AlertPlay } from '../../features/overlays/contract.ts'
import { fillTemplate } from '../../features/overlays/template.ts'
import { formatMoney } from '../format.ts'
import { element } from './element.ts'

const maxMessage = 200
const imageMs = 1_500

/** An alert as it is drawn: its picture, its line, its message. Waits a moment for the picture, and goes without one that does not come. */
export async function makeCard(alert: AlertPlay): Promise<HTMLElement> {
  const card = element('article', `alert ${alert.animation} ${alert.layout}`)
  const text = element('div', 'said')
  if (alert.media.image_url !== null) {
    const picture = await loadPicture(alert.media.image_url)
    if (picture) card.append(picture)
  }
  if (alert.is_test || alert.is_replay) text.append(element('span', 'badge', alert.is_replay ? 'Replay' : 'Test'))
  const headline = element('p', 'headline')
  const message = Array.from(alert.message).slice(0, maxMessage).join('')
  const parts = fillTemplate(alert.template, { name: alert.name ?? 'Someone', amount: formatMoney(alert.amount, alert.currency), message })
  headline.append(...parts.map(({ kind, text }) => (kind === 'text' ? document.createTextNode(text) : element('span', kind, text))))
  text.append(headline)
  if (message !== '' && !alert.template.includes('{message}')) text.append(element('p', 'words', message))
  card.append(text)
  return card
}

async function loadPicture(url: string): Promise<HTMLImageElement | undefined> {
  const picture = new Image()
  picture.className = 'picture'
  picture.alt = ''
  picture.src = url
  const late = new Promise<'late'>((resolve) => setTimeout(() => resolve('late'), imageMs))
  const outcome = await Promise.race([picture.decode().catch(() => 'broken' as const), late])
  if (outcome !== undefined) return undefined
  return picture
}
