import { Compass } from 'lucide-react';
import { Link } from 'react-router';
import { Empty } from '../ui/empty.tsx';
import { Page } from '../ui/page.tsx';

/** An address that is no page. */
export function NotFound() {
  return (
    <Page title="Not found">
      <Empty icon={Compass} title="There is nothing at this address.">
        <Link to="/sessions">Sessions</Link>
      </Empty>
    </Page>
  );
}
