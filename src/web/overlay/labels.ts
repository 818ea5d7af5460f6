import type { Label } from '../../features/overlays/contract.ts'
import type { LiveFigures } from '../../features/tips/contract.ts'
import { formatMoney } from '../format.ts'
import { element } from './element.ts'

export interface Labels {
  /** these and no others */
  draw(labels: readonly Label[], figures: LiveFigures | null): void
  /** the stream took a tip, began or ended */
  move(figures: LiveFigures): void
}

/** What stands on the stream all the time: the latest tip, who gave most, how much it was. A label with nothing to say is not there. */
export function createLabels(place: HTMLElement): Labels {
  let shown: readonly Label[] = []
  let known: LiveFigures | null = null

  return { draw, move }

  function draw(labels: readonly Label[], figures: LiveFigures | null): void {
    shown = labels
    known = figures
    render()
  }

  // News may overtake each other: of two about one stream, the one with the higher version stays.
  function move(figures: LiveFigures): void {
    if (known?.stream_id === figures.stream_id && known.version > figures.version) return
    known = figures
    render()
  }

  function render(): void {
    place.replaceChildren(...shown.flatMap((label) => (known ? (contentOf[label](known) ?? []) : [])))
  }
}

const contentOf: Record<Label, (figures: LiveFigures) => HTMLElement | undefined> = {
  'latest-tip': ({ latest }) => latest ? titled('Latest tip', element('span', 'name', latest.name ?? 'Someone'), ' ', amount(latest.amount, latest.currency)) : undefined,
  'top-tippers': ({ top_tippers, totals }) => {
    if (top_tippers.length === 0) return undefined
    const list = document.createElement('ol')
    for (const each of top_tippers) {
      const line = document.createElement('li')
      line.append(element('span', 'name', each.name), ' ', amount(each.amount, totals.currency))
      list.append(line)
    }
    return titled('Top tippers', list)
  },
  'stream-total': ({ totals, stream_id }) => (stream_id ? titled('This stream', amount(totals.amount, totals.currency)) : undefined),
}

function titled(title: string, ...content: (Node | string)[]): HTMLElement {
  const label = element('section', 'label')
  label.append(element('span', 'label-title', title), ...content)
  return label
}

function amount(minor: number, currency: string): HTMLElement {
  return element('span', 'amount', formatMoney(minor, currency))
}
