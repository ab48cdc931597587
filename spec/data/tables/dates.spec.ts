import { expect } from 'chai';
import { dateFormatOf, dateFormats, dateNumber, firstUndated } from '../../../src/data/tables/dates';

const days = (text: string) => Date.parse(text) / 86_400_000;

describe('dates', () => {
  it('are days since 1970, with hours and zones', () => {
    const ymd = (text: string) => dateNumber(text, 'year-month-day');
    expect(ymd('1970-01-01')).to.equal(0);
    expect(ymd('2024/2/29')).to.equal(days('2024-02-29'));
    expect(ymd('2024-03-01T12:30')).to.equal(days('2024-03-01T12:30Z'));
    expect(ymd('2024-03-01 12:30:15.5')).to.equal(days('2024-03-01T12:30:15.500Z'));
    expect(ymd('2024-03-01T12:30:00Z')).to.equal(days('2024-03-01T12:30Z'));
    expect(ymd('2024-03-01T12:30:00+05:30')).to.equal(days('2024-03-01T07:00Z'));
    expect(ymd('2024-03-01 12:30:00 -0800')).to.equal(days('2024-03-01T20:30Z'));
    expect(ymd('2024-03-01T24:00')).to.equal(days('2024-03-02'));
    expect(ymd('0099-01-01')).to.equal(days('0099-01-01'));
    expect(dateNumber('5.12.2024', 'day-month-year')).to.equal(days('2024-12-05'));
    const american = (time: string) => dateNumber(`12/05/2024 ${time}`, 'month-day-year');
    for (const [time, hour] of Object.entries({ '3:04 PM': 15, '3:04am': 3, '12:04 a.m.': 0, '12:04:00 PM': 12 })) {
      expect(american(time), time).to.equal(days('2024-12-05') + hour / 24 + 4 / 1440);
    }
    expect(american('13:04 PM')).to.be.NaN;
    expect(american('0:04 AM')).to.be.NaN;
    expect(dateNumber('20240229', 'yearmonthday')).to.equal(days('2024-02-29'));
    expect(dateNumber('12/05/2024 06:00', 'month-day-year')).to.equal(days('2024-12-05T06:00Z'));
  });

  it('are those of the calendar and the clock', () => {
    const none = ['2023-02-29', '2024-13-01', '2024-00-01', '2024-01-00', '2024-01-01T24:01', '2024-01-01T12:60'];
    for (const text of [...none, '', 'x', '2024010', '20240230', '02012024', '2024-01', '2024-01-01x']) {
      for (const format of dateFormats) expect(dateNumber(text, format), text).to.be.NaN;
    }
    expect(dateNumber('31/04/2024', 'day-month-year')).to.be.NaN;
    expect(dateNumber('13/13/2024', 'month-day-year')).to.be.NaN;
  });

  it('have the order of day and month that suits all of a column; day first where both do', () => {
    expect(dateFormatOf(['01/02/2024', '03/04/2024'])).to.equal('day-month-year');
    expect(dateFormatOf(['01/02/2024', '03/14/2024'])).to.equal('month-day-year');
    expect(dateFormatOf(['13/02/2024', '03/14/2024'])).to.equal(undefined);
    expect(dateFormatOf([])).to.equal(undefined);
  });

  it('firstUndated is the first text that leaves no format', () => {
    expect(firstUndated(['01/02/2024', '13/02/2024', '03/14/2024', 'x'])).to.equal('03/14/2024');
    expect(firstUndated(['2024-01-01', 'x'])).to.equal('x');
    expect(firstUndated(['01/02/2024', '03/14/2024'])).to.equal(undefined);
  });
});
