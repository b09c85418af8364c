import { Select } from '@base-ui/react/select';
import { Check, ChevronDown } from 'lucide-react';
import { ShortText } from '../text/short-text.tsx';
import { spelled } from '../text/spelled.ts';

export interface Option<Value extends string> {
  value: Value;
  label: string;
  /** A second, quieter line. */
  hint?: string;
}

interface Props<Value extends string> {
  label: string;
  value: Value;
  options: readonly Option<Value>[];
  onChange: (value: Value) => void;
  /** Filters show their name inside; fields have a label above. */
  look?: 'field' | 'filter';
}

/** One of several. */
export function Choice<Value extends string>({
  label,
  value,
  options,
  onChange,
  look = 'field',
}: Props<Value>) {
  const shown = options.find((option) => option.value === value)?.label ?? value;
  return (
    <Select.Root
      items={options}
      value={value}
      onValueChange={(next) => (next === null ? undefined : onChange(next))}
    >
      <Select.Trigger className="choice" data-look={look} aria-label={`${spelled(label)}: ${spelled(shown)}`}>
        {look === 'filter' && <span className="choice-name">{label}</span>}
        <span className="choice-value">
          <ShortText text={shown} />
        </span>
        <ChevronDown size={14} aria-hidden="true" />
      </Select.Trigger>
      <Select.Portal>
        <Select.Positioner className="popup-positioner" sideOffset={4} alignItemWithTrigger={false}>
          <Select.Popup className="popup">
            <Select.List>
              {options.map((option) => (
                <Select.Item key={option.value} value={option.value} className="popup-item">
                  <Select.ItemText>
                    <ShortText text={option.label} />
                    {option.hint !== undefined && (
                      <span className="popup-hint">
                        <ShortText text={option.hint} />
                      </span>
                    )}
                  </Select.ItemText>
                  <Select.ItemIndicator>
                    <Check size={14} aria-hidden="true" />
                  </Select.ItemIndicator>
                </Select.Item>
              ))}
            </Select.List>
          </Select.Popup>
        </Select.Positioner>
      </Select.Portal>
    </Select.Root>
  );
}
