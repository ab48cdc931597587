'use strict';

// The only script of the page: a click, or Enter, on a heading of a sortable table sorts it. Without it all else works.
for (const table of document.querySelectorAll('table.sortable')) {
  table.querySelectorAll('thead th').forEach((heading, column) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = heading.textContent;
    heading.replaceChildren(button);
    button.addEventListener('click', () => {
      const down = heading.getAttribute('aria-sort') !== 'descending';
      for (const other of table.querySelectorAll('thead th')) other.removeAttribute('aria-sort');
      heading.setAttribute('aria-sort', down ? 'descending' : 'ascending');
      const text = (row) => row.cells[column].textContent;
      const compare = (a, b) => text(a).localeCompare(text(b), 'en', { numeric: true });
      const rows = [...table.tBodies[0].rows].sort((a, b) => (down ? compare(b, a) : compare(a, b)));
      table.tBodies[0].replaceChildren(...rows);
    });
  });
}
