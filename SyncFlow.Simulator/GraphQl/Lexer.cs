using System.Globalization;
using System.Text;

namespace SyncFlow.Simulator.GraphQl;

internal enum TokenKind
{
    End,
    Name,
    Punctuator,
    Int,
    Float,
    String,
}

internal readonly record struct Token(TokenKind Kind, string Text, int Line, int Column);

/// <summary>Splits GraphQL text (operations and schema language alike) into tokens.</summary>
internal sealed class Lexer(string text)
{
    private int _at;
    private int _line = 1;
    private int _lineStart;

    internal Token Next()
    {
        SkipIgnored();
        var (line, column) = (_line, _at - _lineStart + 1);
        if (_at >= text.Length)
        {
            return new Token(TokenKind.End, "end of file", line, column);
        }

        var c = text[_at];
        if (char.IsAsciiLetter(c) || c == '_')
        {
            var start = _at;
            while (_at < text.Length && (char.IsAsciiLetterOrDigit(text[_at]) || text[_at] == '_'))
            {
                _at++;
            }

            return new Token(TokenKind.Name, text[start.._at], line, column);
        }

        if (char.IsAsciiDigit(c) || c == '-')
        {
            return Number(line, column);
        }

        if (c == '"')
        {
            return new Token(TokenKind.String, Quoted(), line, column);
        }

        if (text.AsSpan(_at).StartsWith("..."))
        {
            _at += 3;
            return new Token(TokenKind.Punctuator, "...", line, column);
        }

        if ("!$&()[]{}:=@|".Contains(c, StringComparison.Ordinal))
        {
            _at++;
            return new Token(TokenKind.Punctuator, c.ToString(), line, column);
        }

        throw GraphQlException.Syntax($"syntax error, unexpected invalid token (\"{c}\") at [{line}, {column}]", line, column);
    }

    private void SkipIgnored()
    {
        while (_at < text.Length)
        {
            var c = text[_at];
            if (c == '\n')
            {
                _line++;
                _lineStart = ++_at;
            }
            else if (c is ' ' or '\t' or '\r' or ',' or '\uFEFF')
            {
                _at++;
            }
            else if (c == '#')
            {
                while (_at < text.Length && text[_at] != '\n')
                {
                    _at++;
                }
            }
            else
            {
                return;
            }
        }
    }

    private Token Number(int line, int column)
    {
        var start = _at++;
        var isFloat = false;
        while (_at < text.Length && (char.IsAsciiDigit(text[_at]) || text[_at] is '.' or 'e' or 'E' or '+' or '-'))
        {
            isFloat |= !char.IsAsciiDigit(text[_at]);
            _at++;
        }

        return new Token(isFloat ? TokenKind.Float : TokenKind.Int, text[start.._at], line, column);
    }

    private string Quoted()
    {
        var (line, column) = (_line, _at - _lineStart + 1);
        if (text.AsSpan(_at).StartsWith("\"\"\""))
        {
            return Block(line, column);
        }

        var result = new StringBuilder();
        for (_at++; _at < text.Length && text[_at] != '\n'; _at++)
        {
            var c = text[_at];
            if (c == '"')
            {
                _at++;
                return result.ToString();
            }

            result.Append(c == '\\' ? Escape() : c);
        }

        throw GraphQlException.Syntax($"syntax error, unterminated string at [{line}, {column}]", line, column);
    }

    private char Escape()
    {
        _at++;
        var c = _at < text.Length ? text[_at] : '\0';
        switch (c)
        {
            case 'n': return '\n';
            case 't': return '\t';
            case 'r': return '\r';
            case 'b': return '\b';
            case 'f': return '\f';
            case '"' or '\\' or '/': return c;
            case 'u' when _at + 4 < text.Length
                && ushort.TryParse(text.AsSpan(_at + 1, 4), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var code):
                _at += 4;
                return (char)code;
            default:
                throw GraphQlException.Syntax(
                    $"syntax error, bad escape at [{_line}, {_at - _lineStart + 1}]", _line, _at - _lineStart + 1);
        }
    }

    private string Block(int line, int column)
    {
        var end = text.IndexOf("\"\"\"", _at + 3, StringComparison.Ordinal);
        if (end < 0)
        {
            throw GraphQlException.Syntax($"syntax error, unterminated string at [{line}, {column}]", line, column);
        }

        var body = text[(_at + 3)..end];
        for (var i = _at; i < end; i++)
        {
            if (text[i] == '\n')
            {
                _line++;
                _lineStart = i + 1;
            }
        }

        _at = end + 3;
        return body.Trim();
    }
}
